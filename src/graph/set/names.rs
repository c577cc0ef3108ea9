//! Fields in file names that are other nodes' values: `%Sampler.seed%`.
//!
//! Editors replace them when a graph is queued; so does a run, and the graph that goes into the
//! picture holds what stands there then. A node is named by its title, else by its class. What
//! names no value stays as it is, times such as `%date:yyyy-MM-dd%` too: they are filled in when
//! the file is written.

use crate::catalogue::Catalogue;
use crate::graph::{Document, Given};
use serde_json::Value;
use std::collections::HashMap;

/// What file names cannot hold on every system.
const FORBIDDEN: [char; 9] = ['/', '\\', '?', '%', '*', ':', '|', '"', '<'];

/// Bytes of one value in a name, and of a whole name that is filled: no file system takes more.
const VALUE_BYTES: usize = 200;
const NAME_BYTES: usize = 4096;

/// Replaces the fields in every file name of `document`: in the inputs by which the nodes of
/// `catalogue` name their files. A name that would grow beyond what any file system takes stays as
/// it is.
pub fn fill_file_names(document: &mut Document, catalogue: &Catalogue) {
    let mut names = None;
    for at in 0..document.nodes().len() {
        let node = &document.nodes()[at];
        let descriptor = node.class().and_then(|class| catalogue.find(class));
        let Some(input) = descriptor.and_then(|node| node.file_names()) else {
            continue;
        };
        let Some(Given::Constant(Value::String(text))) = node.input(&input.name) else { continue };
        if !text.contains('%') {
            continue;
        }
        let names = names.get_or_insert_with(|| Names::of(document));
        let Some(filled) = fill(document, names, text) else { continue };
        if let Some(node) = document.node_mut(at) {
            node.put(&input.name, Value::String(filled));
        }
    }
}

/// Nodes by title, and by class; the first of each name.
struct Names {
    titles: HashMap<String, usize>,
    classes: HashMap<String, usize>,
}

impl Names {
    fn of(document: &Document) -> Self {
        let (mut titles, mut classes) = (HashMap::new(), HashMap::new());
        for (at, node) in document.nodes().iter().enumerate() {
            if let Some(title) = node.title() {
                titles.entry(title.to_owned()).or_insert(at);
            }
            if let Some(class) = node.class() {
                classes.entry(class.to_owned()).or_insert(at);
            }
        }
        Self { titles, classes }
    }
}

fn fill(document: &Document, names: &Names, text: &str) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let field = after.split_once('%');
        match field.and_then(|(name, tail)| Some((value(document, names, name)?, tail))) {
            Some((value, tail)) => {
                filled.push_str(&value);
                rest = tail;
            }
            None => {
                filled.push('%');
                rest = after;
            }
        }
        if filled.len() > NAME_BYTES {
            return None;
        }
    }
    filled.push_str(rest);
    (filled.len() <= NAME_BYTES).then_some(filled)
}

/// The value that `node.input` names, as a part of a file's name.
fn value(document: &Document, names: &Names, field: &str) -> Option<String> {
    let (name, input) = field.rsplit_once('.')?;
    let at = names.titles.get(name).or_else(|| names.classes.get(name))?;
    let node = document.nodes().get(*at)?;
    let text = match node.input(input)? {
        Given::Constant(Value::String(text)) => {
            text[..text.floor_char_boundary(VALUE_BYTES)].to_owned()
        }
        Given::Constant(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => return None,
    };
    let plain = |c: char| c.is_control() || c == '>' || FORBIDDEN.contains(&c);
    Some(text.replace(plain, "_"))
}
