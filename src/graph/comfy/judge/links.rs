//! Links: two items, the source is there, has that output, and the output's type fits.

use super::python::{Object, equal};
use super::{Finding, Judge, about, extra, words};
use crate::graph::comfy::{InputInfo, NodeInfo, OutputInfo};
use crate::graph::error::{quoted, shown, word};
use crate::graph::validate::value::{article, either};
use crate::graph::verdict::EditorError;
use crate::graph::{ErrorCode, GraphError};
use serde_json::Value;

/// Outputs that a message lists.
const SHOWN_OUTPUTS: usize = 8;
/// What the server says of every array that is not a pair.
const MALFORMED: &str = "Bad linked input, must be a length-2 list of [node_id, slot_index]";

impl Judge<'_> {
    /// The node that `items` links to, to be checked in its turn.
    pub(super) fn link(
        &mut self,
        at: usize,
        rank: usize,
        input: &InputInfo,
        value: &Value,
    ) -> Option<usize> {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let [id, slot] = items else {
            let fault = bad(shown(value), "a link as [\"node id\", slot]".to_owned());
            let error = about(fault.code, MALFORMED.to_owned(), input, value.clone());
            self.report(at, rank, || (error, fault.input(&input.name)));
            return None;
        };
        let Some(source) = id.as_str().and_then(|id| self.document.find(id)) else {
            self.dangling(at, rank, input, value, id);
            return None;
        };
        let class = self.classes[source];
        let Some(output) = output(class, slot) else {
            let found = format!("a link to output {} of node {}", shown(slot), self.label(source));
            let message = "Bad linked input, the node has no such output";
            self.broken(at, rank, input, value, message, bad(found, outputs(class)));
            return None;
        };
        if fits(&output.declared, words::declared(input)) {
            return Some(source);
        }
        self.mismatch(at, rank, input, value, (source, output));
        None
    }

    fn dangling(&mut self, at: usize, rank: usize, input: &InputInfo, value: &Value, id: &Value) {
        let (found, hint) = match id {
            Value::String(id) => {
                let ids = self.document.nodes().iter().map(crate::graph::Node::id);
                let found = format!("a link to node {}, which is not there", quoted(id));
                (found, self.closest(id, ids))
            }
            Value::Number(number) if self.document.find(&number.to_string()).is_some() => {
                let slot = value.get(1).map(Value::to_string).unwrap_or_default();
                (shown(value), Some(format!("[\"{number}\",{slot}]")))
            }
            _ => (shown(value), None),
        };
        let expected = format!("the id of a node with {} output", article(&input.type_name));
        let message = "Bad linked input, there is no node of that id";
        self.broken(at, rank, input, value, message, bad(found, expected).closest(hint));
    }

    /// A link that the server fails on with an exception.
    fn broken(
        &mut self,
        at: usize,
        rank: usize,
        input: &InputInfo,
        value: &Value,
        message: &str,
        fault: GraphError,
    ) {
        let fault = fault.input(&input.name);
        self.report(at, rank, || {
            let mut error = about(fault.code, message.to_owned(), input, value.clone());
            error.details = format!("{}, {}", input.name, fault.message());
            (error, fault)
        });
    }

    fn mismatch(
        &mut self,
        at: usize,
        rank: usize,
        input: &InputInfo,
        value: &Value,
        (source, output): (usize, &OutputInfo),
    ) {
        let (received, wanted) =
            (words::type_text(&output.declared), words::type_text(words::declared(input)));
        let class = self.classes[source];
        let right = class.outputs.iter().position(|o| fits(&o.declared, words::declared(input)));
        let id = self.node(source).id();
        let hint = right.map(|slot| format!("[{},{slot}]", quoted(id)));
        let label = self.label(source);
        self.report(at, rank, || {
            let mut extra = extra(input, Value::Null);
            extra.shift_remove("received_value");
            extra.insert("received_type".to_owned(), output.declared.clone());
            extra.insert("linked_node".to_owned(), value.clone());
            let error = EditorError {
                r#type: ErrorCode::ReturnTypeMismatch.as_str(),
                message: "Return type mismatch between linked nodes".to_owned(),
                details: format!(
                    "{}, received_type({received}) mismatch input_type({wanted})",
                    input.name
                ),
                extra_info: extra,
            };
            let found = format!("{} from output {} of node {label}", output.type_name, slot(value));
            let fault = GraphError::new(ErrorCode::ReturnTypeMismatch, found, &input.type_name);
            (error, fault.input(&input.name).closest(hint))
        });
    }

    pub(super) fn label(&self, at: usize) -> String {
        self.node(at).label()
    }

    /// Links that lead from a node back to itself: the server runs out of stack and says nothing.
    pub(super) fn cyclic(&mut self, at: usize, rank: usize, path: &str) {
        let Some(input) = self.classes[at].inputs.get(rank - 1) else { return };
        let value = self.node(at).raw["inputs"][&input.name].clone();
        let expected = "links that never lead back to the node they start from";
        let fault =
            GraphError::new(ErrorCode::DependencyCycle, format!("the cycle {path}"), expected);
        self.report(at, rank, || {
            let mut extra = extra(input, value);
            extra.insert("code".to_owned(), Value::from(fault.code.as_str()));
            let error = EditorError {
                r#type: ErrorCode::BadLinkedInput.as_str(),
                message: "Bad linked input, the links lead back to the node itself".to_owned(),
                details: format!("{}, {path}", input.name),
                extra_info: extra,
            };
            (error, fault.input(&input.name))
        });
    }
}

/// Sorts errors as the graph and the declarations have them.
pub(super) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| (finding.at, finding.rank));
}

fn bad(found: String, expected: String) -> GraphError {
    GraphError::new(ErrorCode::BadLinkedInput, found, expected)
}

fn slot(link: &Value) -> String {
    link.get(1).map(shown).unwrap_or_default()
}

/// The output that Python finds under this index: from the end where it is negative.
fn output<'n>(class: &'n NodeInfo, slot: &Value) -> Option<&'n OutputInfo> {
    let index = match slot {
        Value::Bool(flag) => i64::from(*flag),
        other => other.as_i64()?,
    };
    let from_start = match usize::try_from(index) {
        Ok(index) => index,
        Err(_) => class.outputs.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
    };
    class.outputs.get(from_start)
}

/// Equal types, or lists of types (`IMAGE,MASK`) that have one in common. `*` is no wildcard.
fn fits(received: &Value, wanted: &Value) -> bool {
    if equal(&Object::from(received), &Object::from(wanted)) {
        return true;
    }
    let (Value::String(received), Value::String(wanted)) = (received, wanted) else {
        return false;
    };
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    received.split(',').any(|kind| wanted.contains(&kind.trim()))
}

fn outputs(class: &NodeInfo) -> String {
    let count = class.outputs.len();
    if count == 0 {
        return format!("another node, as {} has no outputs", word(&class.class));
    }
    if count > SHOWN_OUTPUTS {
        return format!("an output from 0 to {}", count - 1);
    }
    let outputs = class.outputs.iter().enumerate();
    let named = outputs.map(|(slot, o)| format!("{slot} ({}, {})", o.name, o.type_name));
    format!("output {}", either(named))
}
