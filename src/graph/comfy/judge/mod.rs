//! A graph as servers of the ComfyUI family judge it, against the nodes of any installation.
//!
//! The rules are those that version 0.3.64 of the server was seen to follow: every node must be of
//! a known class; then outputs and what they depend on are checked; what is wrong with a node
//! that no output needs does not matter. Values are converted as Python does it, constants on
//! sockets and inputs that nobody declared pass, `*` is a type like others, and choices are checked
//! only where they stand in place of the type. A graph of which one output is sound runs.
//!
//! Where the server answers with an exception of its own (links that lead nowhere, cycles, nodes
//! without inputs) the verdict is the same and the text says what is wrong. What needs a node's
//! code (`VALIDATE_INPUTS`) is taken as valid. Work grows linearly with the graph.

mod flow;
mod inputs;
mod links;
mod python;
mod request;
mod warnings;
mod words;

pub use python::python_float;

use super::{InputInfo, NodeInfo, ObjectInfo};
use crate::catalogue::closest;
use crate::graph::verdict::{EditorError, Verdict};
use crate::graph::{Document, ErrorCode, GraphError, Node, Targets};
use crate::limits;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

/// Names suggested for one graph: each costs a search over all candidates.
const HINTS: usize = 100;

/// Judges a request, or a bare graph, as the server that `info` was asked of would.
///
/// Never fails: what is wrong with the request is in the verdict. [`Verdict::unreadable`] is
/// the one about a text that is no graph at all.
pub fn judge(document: &Document, info: &ObjectInfo) -> Verdict {
    let read = request::number(document).and_then(|()| request::classes(document, info));
    let (classes, targets) = match (read, Targets::read(document)) {
        (Ok(classes), Ok(targets)) => (classes, targets),
        (Err(verdict), _) => return *verdict,
        (_, Err(error)) => return Verdict::unreadable(&[error]),
    };
    let wanted = |(at, class): (usize, &&NodeInfo)| {
        (class.output_node && targets.has(document.nodes()[at].id())).then_some(at)
    };
    let outputs: Vec<usize> = classes.iter().enumerate().filter_map(wanted).collect();
    if outputs.is_empty() {
        return request::no_outputs(&targets, info);
    }
    let mut judge = Judge::new(document, classes);
    judge.walk(&outputs);
    judge.cycles();
    judge.verdict(&outputs)
}

/// What the checks share.
struct Judge<'a> {
    document: &'a Document,
    classes: Vec<&'a NodeInfo>,
    /// Whether an output depends on the node, so that it is checked.
    reached: Vec<bool>,
    /// Whether something is wrong with the node itself.
    bad: Vec<bool>,
    /// For each node those that it takes from through links of fitting types.
    sources: Vec<Vec<usize>>,
    /// For each of these, the index of the input.
    through: Vec<Vec<usize>>,
    findings: Vec<Finding>,
    left_out: usize,
    warnings: Vec<GraphError>,
    /// Texts among the choices of an input, by the address of its description.
    choices: HashMap<*const InputInfo, HashSet<&'a str>>,
    hints: usize,
}

/// One error: where, for editors, for people.
struct Finding {
    at: usize,
    /// 0 the node, from 1 its inputs as declared.
    rank: usize,
    error: EditorError,
    fault: GraphError,
}

impl<'a> Judge<'a> {
    fn new(document: &'a Document, classes: Vec<&'a NodeInfo>) -> Self {
        let count = classes.len();
        Self {
            document,
            classes,
            reached: vec![false; count],
            bad: vec![false; count],
            sources: vec![Vec::new(); count],
            through: vec![Vec::new(); count],
            findings: Vec::new(),
            left_out: 0,
            warnings: Vec::new(),
            choices: HashMap::new(),
            hints: HINTS,
        }
    }

    fn node(&self, at: usize) -> &'a Node {
        &self.document.nodes()[at]
    }

    fn is_full(&self) -> bool {
        self.findings.len() >= limits::GRAPH_ERRORS
    }

    fn report(&mut self, at: usize, rank: usize, make: impl FnOnce() -> (EditorError, GraphError)) {
        self.bad[at] = true;
        if self.is_full() {
            self.left_out += 1;
            return;
        }
        let (error, fault) = make();
        let fault = fault.at(self.node(at));
        self.findings.push(Finding { at, rank, error, fault });
    }

    fn warn(&mut self, at: usize, make: impl FnOnce() -> GraphError) {
        if self.warnings.len() < limits::GRAPH_ERRORS {
            self.warnings.push(make().at(self.node(at)));
        }
    }

    fn closest<'n>(
        &mut self,
        name: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Option<String> {
        self.hints = self.hints.checked_sub(1)?;
        closest::closest(name, names).map(str::to_owned)
    }
}

/// What every error about a value carries.
fn extra(input: &InputInfo, received: Value) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("input_name".to_owned(), Value::from(input.name.as_str()));
    map.insert("input_config".to_owned(), words::config(input));
    map.insert("received_value".to_owned(), received);
    map
}

/// An error about an input whose details are its name.
fn about(kind: ErrorCode, message: String, input: &InputInfo, received: Value) -> EditorError {
    EditorError {
        r#type: kind.as_str(),
        message,
        details: input.name.clone(),
        extra_info: extra(input, received),
    }
}
