//! What is judged before any input: the request, the classes of all nodes, the outputs.

use super::python::{Object, str};
use super::{EditorError, Verdict};
use crate::graph::comfy::{NodeInfo, ObjectInfo};
use crate::graph::error::{shown, word};
use crate::graph::validate::value::either;
use crate::graph::{Document, ErrorCode, GraphError, Node, Targets};
use crate::limits;
use serde_json::{Map, Value, json};

/// Output classes that a message names.
const SHOWN_CLASSES: usize = 3;

/// What the server reads of a request before the graph: a `number` must be one.
pub(super) fn number(document: &Document) -> Result<(), Box<Verdict>> {
    let Some(number) = document.request().get("number") else { return Ok(()) };
    if Object::from(number).float().is_ok() {
        return Ok(());
    }
    let found = format!("{} as number", shown(number));
    let error =
        GraphError::new(ErrorCode::InvalidPrompt, found, "a number: the place in the queue");
    Err(Box::new(Verdict::unreadable(&[error])))
}

/// The class of every node, also of those that nothing depends on.
pub(super) fn classes<'a>(
    document: &Document,
    info: &'a ObjectInfo,
) -> Result<Vec<&'a NodeInfo>, Box<Verdict>> {
    let find = |node: &Node| node.class().and_then(|class| info.find(class));
    let classes: Vec<Option<&NodeInfo>> =
        document.nodes().iter().map(|node| find(node).map(AsRef::as_ref)).collect();
    let unknown = document.nodes().iter().zip(&classes).filter(|(_, class)| class.is_none());
    let unknown: Vec<&Node> = unknown.map(|(node, _)| node).take(limits::GRAPH_ERRORS).collect();
    let Some(first) = unknown.first() else {
        return Ok(classes.into_iter().flatten().collect());
    };
    let message = match first.raw.get("class_type") {
        Some(class) => {
            format!("Cannot execute because node {} does not exist.", str(&Object::from(class)))
        }
        None => "Cannot execute because a node is missing the class_type property.".to_owned(),
    };
    let mut hints = super::HINTS;
    let faults: Vec<GraphError> =
        unknown.iter().map(|node| class_fault(node, info, &mut hints)).collect();
    let nodes = unknown.iter().zip(&faults).map(|(node, fault)| entry(node, fault));
    let mut extra = Map::new();
    extra.insert("nodes".to_owned(), nodes.collect());
    let details = format!("Node ID '#{}'", first.id());
    let error = EditorError::new("invalid_prompt", &message, details, extra);
    Err(Box::new(Verdict::refused(error, faults)))
}

fn entry(node: &Node, fault: &GraphError) -> Value {
    let mut entry = json!({
        "node_id": node.id(),
        "class_type": node.raw.get("class_type"),
        "node_title": node.title().or(node.class()),
    });
    if let Some(closest) = &fault.closest {
        entry["closest"] = Value::from(closest.as_str());
    }
    entry
}

fn class_fault(node: &Node, info: &ObjectInfo, hints: &mut usize) -> GraphError {
    let Some(class) = node.class() else {
        let found = match node.raw.get("class_type") {
            Some(value) => format!("{} as class_type", shown(value)),
            None if node.raw.is_object() => "no class_type".to_owned(),
            None => shown(&node.raw),
        };
        let expected = "an object with class_type and inputs";
        return GraphError::new(ErrorCode::InvalidPrompt, found, expected).at(node);
    };
    let closest = hints.checked_sub(1).and_then(|left| {
        *hints = left;
        info.closest(class)
    });
    let expected = format!("one of the {} of the installation", info.len());
    GraphError::new(ErrorCode::MissingNodeType, "an unknown class", expected)
        .at(node)
        .closest(closest)
}

/// Nothing to run.
pub(super) fn no_outputs(targets: &Targets, info: &ObjectInfo) -> Verdict {
    let classes = info.iter().filter(|class| class.output_node);
    let names: Vec<String> = classes.take(SHOWN_CLASSES).map(|class| word(&class.class)).collect();
    let such = match names.is_empty() {
        true => String::new(),
        false => format!(", such as {}", either(names)),
    };
    let (found, expected) = match targets.is_all() {
        true => ("no node that saves or shows a result", format!("at least one{such}")),
        false => (
            "no node that saves or shows a result among partial_execution_targets",
            "the id of one".to_owned(),
        ),
    };
    let fault = GraphError::new(ErrorCode::PromptNoOutputs, found, expected);
    let error =
        EditorError::new("prompt_no_outputs", "Prompt has no outputs", String::new(), Map::new());
    Verdict::refused(error, vec![fault])
}
