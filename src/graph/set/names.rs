//! Fields in file names that are other nodes' values: `%Sampler.seed%`.
//!
//! Editors replace them when a graph is queued; so does a run, and the graph that goes into the
//! picture holds what stands there then. A node is named by its title, else by its class. What names
//! no value stays as it is, times such as `%date:yyyy-MM-dd%` too: they are filled in when the file
//! is written.

use crate::graph::{Document, Given, Node};
use serde_json::Value;

/// The input that names files.
const PREFIX: &str = "filename_prefix";
/// What file names cannot hold on every system.
const FORBIDDEN: [char; 9] = ['/', '\\', '?', '%', '*', ':', '|', '"', '<'];

/// Replaces the fields in every file name of `document`.
pub fn fill_file_names(document: &mut Document) {
    for at in 0..document.nodes().len() {
        let Some(Given::Constant(Value::String(text))) = document.nodes()[at].input(PREFIX) else {
            continue;
        };
        if !text.contains('%') {
            continue;
        }
        let filled = fill(document, text);
        if let Some(node) = document.node_mut(at) {
            node.put(PREFIX, Value::String(filled));
        }
    }
}

fn fill(document: &Document, text: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let field = after.split_once('%');
        match field.and_then(|(name, tail)| Some((value(document, name)?, tail))) {
            Some((value, tail)) => {
                filled.push_str(&value);
                rest = tail;
            }
            None => {
                filled.push('%');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The value that `node.input` names, as a part of a file's name.
fn value(document: &Document, field: &str) -> Option<String> {
    let (name, input) = field.rsplit_once('.')?;
    let named = |node: &&Node| node.title() == Some(name);
    let classed = |node: &&Node| node.class() == Some(name);
    let nodes = || document.nodes().iter();
    let node = nodes().find(named).or_else(|| nodes().find(classed))?;
    let text = match node.input(input)? {
        Given::Constant(Value::String(text)) => text.clone(),
        Given::Constant(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => return None,
    };
    let plain = |c: char| c.is_control() || c == '>' || FORBIDDEN.contains(&c);
    Some(text.replace(plain, "_"))
}
