//! The way of every file: read, migrate, set, judge, plan, write, read again.
//!
//! Promises looked at: errors are lines for people and JSON for programs, bringing up to date and
//! recording twice change nothing, what is valid can be planned in an order along its links, what
//! is written is read as the same graph.

use super::nodes::nodes;
use amdm::catalogue::Catalogue;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{
    self, Document, GraphError, Prefer, Read, Resolved, Targets, comfy, metadata, set, version,
};
use serde_json::{Value, json};

/// Inputs of a graph that are set, and sweeps that are made.
const SETTINGS: usize = 4;

/// Sends a file on its way, for each installation.
pub fn file(bytes: &[u8]) {
    for (at, info) in nodes().infos.iter().enumerate() {
        let prefer = if at == 1 { Prefer::Workflow } else { Prefer::Prompt };
        match graph::read(bytes, info, prefer) {
            Err(found) => {
                errors(&found);
                // What is no JSON is none for the other installations.
                if found[0].position.is_some() {
                    return;
                }
            }
            Ok(Read { document, converted, warnings, .. }) => {
                errors(&warnings);
                upstream(&document, info);
                if at == 0 {
                    own(document.clone(), &nodes().catalogue, info);
                }
                written(&document, info);
                if !converted && document.workflow().is_none() {
                    return upstream(&document, &nodes().infos[2]);
                }
            }
        }
    }
}

fn errors(errors: &[GraphError]) {
    for error in errors {
        let line = error.to_string();
        assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        assert!(line.len() < 6000, "a line of {} bytes", line.len());
    }
    for error in errors.iter().take(2) {
        assert_eq!(json!(error)["code"], error.code.as_str());
    }
}

/// What other installations say.
fn upstream(document: &Document, info: &ObjectInfo) {
    let verdict = comfy::judge(document, info);
    errors(&verdict.faults);
    errors(&verdict.warnings);
    assert_eq!(verdict.is_accepted(), !verdict.outputs.is_empty());
    let json = json!(verdict);
    assert_eq!(json["error"].is_null(), verdict.is_accepted());
}

/// What we do with a graph for our own nodes.
fn own(mut document: Document, catalogue: &Catalogue, info: &ObjectInfo) {
    match version::migrate(&mut document, catalogue) {
        Err(found) => errors(&found),
        Ok(warnings) => {
            errors(&warnings);
            let before = document.clone();
            assert_eq!(version::migrate(&mut document, catalogue), Ok(Vec::new()));
            assert_eq!(before, document);
        }
    }
    version::record(&mut document, catalogue);
    let before = document.clone();
    version::record(&mut document, catalogue);
    assert_eq!(before, document);
    strict(&document, catalogue);
    settings(&mut document, catalogue);
    document.renew_workflow(info);
    errors(&graph::validate(&document, catalogue).err().unwrap_or_default());
}

/// Sets and sweeps a few inputs.
fn settings(document: &mut Document, catalogue: &Catalogue) {
    match set::settable(document, catalogue) {
        Err(found) => errors(&found),
        Ok(all) => {
            for (at, input) in all.iter().take(SETTINGS).enumerate() {
                let name = input.parameter.as_ref().unwrap_or(&input.setting);
                let value = ["1", ".5", "slerp,compose", "[\"1\", 0]"][at];
                setting(document, catalogue, &format!("{name}={value}"));
                let values = ["1..3", ".5..1:.25", "a,b", "[1,\"2,3\"]"][at];
                sweep(document, catalogue, &format!("{name}={values}"));
            }
        }
    }
    for node in document.clone().nodes().iter().take(SETTINGS) {
        let title = node.title().unwrap_or("lost");
        setting(document, catalogue, &format!("{title}.seed=1"));
        setting(document, catalogue, title);
    }
}

fn setting(document: &mut Document, catalogue: &Catalogue, text: &str) {
    let before = document.clone();
    if let Err(error) = set::apply(document, catalogue, text) {
        errors(&[error]);
        assert_eq!(before, *document);
    }
}

fn sweep(document: &mut Document, catalogue: &Catalogue, text: &str) {
    match set::Sweep::parse(document, catalogue, text) {
        Err(error) => errors(&[error]),
        Ok(sweep) => {
            for value in sweep.values() {
                sweep.set(document, value).unwrap();
            }
            let runs = set::runs(std::slice::from_ref(&sweep)).unwrap();
            assert_eq!(runs.len(), sweep.values().len());
        }
    }
}

/// Our own judgement, of the whole and of parts, and the plan of what is valid.
fn strict(document: &Document, catalogue: &Catalogue) {
    let targets = Targets::read(document).unwrap_or_default();
    let (checked, found) = match graph::validate(document, catalogue) {
        Ok(checked) => (Some(checked), Vec::new()),
        Err(found) => (None, found),
    };
    errors(&found);
    json!(graph::verdict(document, catalogue, checked.as_ref(), &found));
    match graph::validate_partial(document, catalogue, &targets) {
        Ok((part, found)) => {
            errors(&found);
            assert!(!part.order.is_empty());
        }
        Err(found) => assert!(!found.is_empty()),
    }
    let Some(checked) = checked else { return };
    errors(&checked.warnings);
    let mut place = vec![usize::MAX; checked.nodes.len()];
    for (order, at) in checked.order.iter().enumerate() {
        let node = &checked.nodes[*at];
        assert!(node.needed && node.sources().all(|source| place[source.node] < order));
        assert!(node.inputs.iter().all(|(_, value)| match value {
            Resolved::Float(value) => value.is_finite(),
            _ => true,
        }));
        place[*at] = order;
    }
    let plan = graph::plan(&checked, &());
    assert_eq!(plan.nodes.len(), checked.order.len());
}

/// Writes the graph in both ways, and reads it again.
fn written(document: &Document, info: &ObjectInfo) {
    let value = document.to_value();
    let nodes = |value: &Value| value.as_object().unwrap().values().any(Value::is_object);
    // A node called prompt that is no node reads as a request; so do others as nothing.
    if value.get("prompt").is_some_and(|node| node.get("class_type").is_none()) || !nodes(&value) {
        return;
    }
    for text in [value.to_string(), metadata::text(&value)] {
        let again = graph::read(text.as_bytes(), info, Prefer::Prompt).unwrap();
        assert_eq!(again.document.nodes(), document.nodes());
        assert!(!again.converted && again.warnings.is_empty());
    }
}
