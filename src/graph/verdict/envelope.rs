//! Our own strict judgement in the form that node editors read.
//!
//! Types are those that editors know where one fits; where ours is finer it stands in
//! `extra_info.code`. Nodes of unknown classes are listed in the error about the whole graph, as
//! servers of that family do, and marked as well.

use super::{EditorError, NodeErrors, Verdict};
use crate::catalogue::{Catalogue, Input, input_config};
use crate::graph::influence::Influence;
use crate::graph::validate::{self, edges::Edges};
use crate::graph::{Checked, Document, ErrorCode, GraphError, LinkRef};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Choices that an error repeats; of more it says nothing, as there may be thousands.
const SHOWN_CHOICES: usize = 20;

/// The verdict about a graph that was validated against `catalogue`: `checked` is what runs of it,
/// `errors` what is wrong with the rest; at least one of the two is there.
pub fn verdict(
    document: &Document,
    catalogue: &Catalogue,
    checked: Option<&Checked>,
    errors: &[GraphError],
) -> Verdict {
    let node_errors = node_errors(document, catalogue, errors);
    let runs = |checked: &Checked| {
        let nodes = checked.nodes.iter().filter(|node| node.needed && node.descriptor.output_node);
        nodes.map(|node| node.id.clone()).collect()
    };
    Verdict {
        error: match checked {
            Some(_) => None,
            None => Some(prompt_error(catalogue, errors, &node_errors)),
        },
        node_errors,
        warnings: checked.map(|checked| checked.warnings.clone()).unwrap_or_default(),
        outputs: checked.map(runs).unwrap_or_default(),
        faults: errors.to_vec(),
    }
}

fn node_errors(
    document: &Document,
    catalogue: &Catalogue,
    errors: &[GraphError],
) -> Vec<(String, NodeErrors)> {
    let mut nodes: Vec<(String, NodeErrors)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for error in errors {
        let Some(id) = error.node.as_deref() else { continue };
        let place = *places.entry(id).or_insert_with(|| {
            let class_type = error.class.clone().unwrap_or_default();
            let node = NodeErrors { errors: Vec::new(), dependent_outputs: Vec::new(), class_type };
            nodes.push((id.to_owned(), node));
            nodes.len() - 1
        });
        nodes[place].1.errors.push(about_node(document, catalogue, error));
    }
    let edges = Edges::of(document);
    let outputs = document.nodes().iter().enumerate().filter(|(_, node)| {
        let class = node.class().and_then(|class| catalogue.find(class));
        class.is_some_and(|class| class.output_node)
    });
    let outputs: Vec<usize> = outputs.map(|(at, _)| at).collect();
    let at_fault: Vec<usize> = nodes.iter().filter_map(|(id, _)| document.find(id)).collect();
    let dependents = Influence::of(&edges.sources).dependents(&outputs, &at_fault);
    for ((_, node), outputs) in nodes.iter_mut().zip(dependents) {
        let ids = outputs.into_iter().map(|at| document.nodes()[at].id().to_owned());
        node.dependent_outputs = ids.collect();
    }
    nodes
}

/// Why nothing runs: what is wrong with the graph as a whole, else a class that is not there, else
/// the errors of the outputs.
fn prompt_error(
    catalogue: &Catalogue,
    errors: &[GraphError],
    nodes: &[(String, NodeErrors)],
) -> EditorError {
    let whole = errors.first().filter(|error| error.node.is_none());
    if let Some(error) = whole {
        let message = match error.code {
            ErrorCode::PromptNoOutputs => "Prompt has no outputs".to_owned(),
            code => headline(code),
        };
        return EditorError::new(error.code.as_str(), message, error.message(), Map::new());
    }
    let classless =
        |e: &&GraphError| matches!(e.code, ErrorCode::MissingNodeType | ErrorCode::InvalidPrompt);
    let mut unknown = errors.iter().filter(classless).peekable();
    if let Some(first) = unknown.peek() {
        return classes(first, unknown.clone());
    }
    let is_output =
        |node: &NodeErrors| catalogue.find(&node.class_type).is_some_and(|class| class.output_node);
    let own = nodes.iter().filter(|(_, node)| is_output(node)).flat_map(|(_, n)| &n.errors);
    let lines: Vec<String> = own.map(|e| format!("{}: {}", e.message, e.details)).collect();
    EditorError::new(
        "prompt_outputs_failed_validation",
        "Prompt outputs failed validation",
        lines.join("\n"),
        Map::new(),
    )
}

fn classes<'e>(first: &GraphError, unknown: impl Iterator<Item = &'e GraphError>) -> EditorError {
    let entry = |error: &GraphError| {
        let mut entry = json!({
            "node_id": error.node,
            "class_type": error.class,
            "node_title": error.title.as_ref().or(error.class.as_ref()),
        });
        if let Some(closest) = &error.closest {
            entry["closest"] = Value::from(closest.as_str());
        }
        entry
    };
    let nodes: Value = unknown.map(entry).collect();
    let mut extra = match entry(first) {
        Value::Object(entry) => entry,
        _ => Map::new(),
    };
    extra.insert("nodes".to_owned(), nodes);
    let message = match (first.code, &first.class) {
        (ErrorCode::MissingNodeType, Some(class)) => {
            format!("Cannot execute because node {class} does not exist.")
        }
        _ => format!("Cannot execute because a node has not its form: {}", first.message()),
    };
    let details = format!("Node ID '#{}'", first.node.as_deref().unwrap_or_default());
    EditorError::new(first.code.as_str(), message, details, extra)
}

fn about_node(document: &Document, catalogue: &Catalogue, error: &GraphError) -> EditorError {
    let r#type = match error.code {
        ErrorCode::DependencyCycle => ErrorCode::BadLinkedInput,
        code => code,
    };
    let mut extra = Map::new();
    let mut put = |name: &str, value: Value| extra.insert(name.to_owned(), value);
    let node = error.node.as_deref().and_then(|id| document.find(id));
    let node = node.map(|at| &document.nodes()[at]);
    let declared = declared(catalogue, error);
    if let Some(name) = &error.input {
        put("input_name", Value::from(name.as_str()));
        if let Some(input) = declared {
            let config = input_config(input, catalogue);
            let many = config[0].as_array().is_some_and(|choices| choices.len() > SHOWN_CHOICES);
            put("input_config", if many { Value::Null } else { config });
        }
        if let Some(value) = node.and_then(|node| node.raw.get("inputs")?.get(name)) {
            match error.code {
                ErrorCode::ReturnTypeMismatch => {
                    put("received_type", received_type(document, catalogue, value));
                    put("linked_node", value.clone())
                }
                _ => put("received_value", value.get("__value__").unwrap_or(value).clone()),
            };
        }
    }
    if error.code == ErrorCode::InvalidInputType {
        put("exception_message", Value::from(error.message()));
    }
    if r#type != error.code {
        put("code", Value::from(error.code.as_str()));
    }
    if let Some(closest) = &error.closest {
        put("closest", Value::from(closest.as_str()));
    }
    let details = match &error.input {
        Some(name) => format!("{name}, {}", error.message()),
        None => error.message(),
    };
    let message = message(error, declared, extra.get("received_value"));
    EditorError::new(r#type.as_str(), message, details, extra)
}

fn declared<'c>(catalogue: &'c Catalogue, error: &GraphError) -> Option<&'c Input> {
    let class = catalogue.find(error.class.as_deref()?)?;
    let name = error.input.as_deref()?;
    let input = class.inputs.iter().find(|input| input.name == name);
    input.or_else(|| validate::member(class, name))
}

fn received_type(document: &Document, catalogue: &Catalogue, link: &Value) -> Value {
    let find = || {
        let link = LinkRef::read(link)?;
        let source = &document.nodes()[document.find(link.node)?];
        let class = catalogue.find(source.class()?)?;
        let output = class.outputs.get(usize::try_from(link.slot).ok()?)?;
        Some(Value::from(output.r#type.as_str()))
    };
    find().unwrap_or(Value::Null)
}

/// What editors show as the title of an error: their own words where they have some.
fn message(error: &GraphError, input: Option<&Input>, received: Option<&Value>) -> String {
    let value = || received.map(Value::to_string).unwrap_or_default();
    let bound = |bound: Option<&Value>| bound.map(Value::to_string).unwrap_or_default();
    match error.code {
        ErrorCode::RequiredInputMissing => "Required input is missing".to_owned(),
        ErrorCode::ReturnTypeMismatch => "Return type mismatch between linked nodes".to_owned(),
        ErrorCode::ValueNotInList => "Value not in list".to_owned(),
        ErrorCode::ValueSmallerThanMin => {
            let min = bound(input.and_then(|input| input.min.as_ref()));
            format!("Value {} smaller than min of {min}", value())
        }
        ErrorCode::ValueBiggerThanMax => {
            let max = bound(input.and_then(|input| input.max.as_ref()));
            format!("Value {} bigger than max of {max}", value())
        }
        ErrorCode::InvalidInputType => {
            let kind = input.map_or("", |input| &input.r#type);
            format!("Failed to convert an input value to a {kind} value")
        }
        code => headline(code),
    }
}

fn headline(code: ErrorCode) -> String {
    code.help().trim_end_matches('.').to_owned()
}
