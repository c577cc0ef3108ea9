//! From resolved inputs to a graph that is ready to run.

use super::edges::Edges;
use super::report::Place;
use super::value::either;
use super::{Inputs, Validation};
use crate::catalogue::Descriptor;
use crate::graph::effort;
use crate::graph::{Checked, CheckedNode, Document, ErrorCode, GraphError, Source};
use std::sync::Arc;

/// Output classes that a message names.
const SHOWN_CLASSES: usize = 3;

/// A graph without a node that saves or shows something has nothing to run. Says nothing where a
/// class is unknown: that may be the one.
pub(super) fn check_outputs(validation: &mut Validation<'_>) {
    let is_output = |class: &Option<Arc<Descriptor>>| match class {
        Some(class) => class.output_node,
        None => true,
    };
    if validation.nodes.iter().any(is_output) {
        return;
    }
    let classes = validation.catalogue.nodes().filter(|class| class.output_node);
    let names = either(classes.take(SHOWN_CLASSES).map(|class| class.r#type.clone()));
    let found = "no node that saves or shows a result";
    let expected = format!("at least one, such as {names}");
    let error = GraphError::new(ErrorCode::PromptNoOutputs, found, expected);
    validation.report(Place::GRAPH, error);
}

/// Puts the parts of a valid graph together.
pub(super) fn checked(
    document: &Document,
    classes: Vec<Arc<Descriptor>>,
    inputs: Inputs,
    edges: &Edges,
    asked: &[Source],
) -> Checked {
    let parts = document.nodes().iter().zip(classes).zip(inputs);
    let nodes = parts.map(|((node, descriptor), inputs)| CheckedNode {
        id: node.id().to_owned(),
        title: node.title().map(str::to_owned),
        wanted: vec![false; descriptor.outputs.len()],
        needed: false,
        descriptor,
        inputs,
    });
    let mut nodes: Vec<CheckedNode> = nodes.collect();
    mark(&mut nodes, asked);
    let order = edges.order().into_iter().filter(|at| nodes[*at].needed).collect();
    let warnings = warnings(document, &nodes);
    Checked { nodes, order, asked: asked.to_vec(), warnings }
}

/// Marks the nodes that output nodes and asked outputs depend on, and the outputs that those take.
fn mark(nodes: &mut [CheckedNode], asked: &[Source]) {
    let outputs = nodes.iter().enumerate().filter(|(_, node)| node.descriptor.output_node);
    let mut open: Vec<usize> = outputs.map(|(at, _)| at).collect();
    open.extend(asked.iter().map(|source| source.node));
    for at in &open {
        nodes[*at].needed = true;
    }
    for source in asked {
        nodes[source.node].wanted[source.slot] = true;
    }
    while let Some(at) = open.pop() {
        let sources: Vec<_> = nodes[at].sources().collect();
        for source in sources {
            effort::tick();
            let node = &mut nodes[source.node];
            node.wanted[source.slot] = true;
            if !std::mem::replace(&mut node.needed, true) {
                open.push(source.node);
            }
        }
    }
}

fn warnings(document: &Document, nodes: &[CheckedNode]) -> Vec<GraphError> {
    let mut warnings = Vec::new();
    for (source, node) in document.nodes().iter().zip(nodes) {
        if !node.needed {
            let found = "a node that no saved or shown result depends on";
            let warning = GraphError::new(ErrorCode::UnusedNode, found, "");
            warnings.push(warning.at(source));
        }
        if let Some(reason) = &node.descriptor.deprecated {
            let found = format!("a deprecated class: {reason}");
            let warning = GraphError::new(ErrorCode::DeprecatedNode, found, "");
            warnings.push(warning.at(source));
        }
    }
    warnings
}
