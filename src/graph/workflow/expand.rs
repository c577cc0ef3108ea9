//! Subgraph instances, each as a scope of its own: a layer, and the values it is given.
//!
//! Muted and bypassed instances are not expanded. The number of nodes in all scopes is bounded, as
//! is the depth, so that files in which subgraphs hold each other many times end early.

use super::super::{ErrorCode, GraphError};
use super::layer::Layer;
use super::node::{Mode, Role};
use super::report::{Report, exceeded};
use super::subgraph::{Given, Override};
use crate::limits;
use std::collections::HashMap;

/// One expanded graph.
pub(super) struct Scope<'a> {
    pub layer: usize,
    /// The scope and the node there that this is the inside of.
    pub parent: Option<(usize, usize)>,
    /// What the ids of its nodes begin with: empty, or `30:`.
    pub prefix: String,
    /// Scopes of the instances in it.
    pub children: HashMap<usize, usize>,
    pub given: Given<'a>,
    depth: usize,
}

/// Expands all instances; the first scope is the graph itself.
pub(super) fn expand<'a>(
    layers: &[Layer<'a>],
    promoted: &[HashMap<usize, usize>],
    report: &mut Report,
) -> Result<Vec<Scope<'a>>, Vec<GraphError>> {
    let given = Given { inputs: Vec::new(), nodes: HashMap::new(), lost: Vec::new() };
    let root = Scope {
        layer: 0,
        parent: None,
        prefix: String::new(),
        children: HashMap::new(),
        given,
        depth: 0,
    };
    let mut scopes = vec![root];
    let (mut nodes, mut room) = (0, limits::CONVERSION_STEPS);
    let mut at = 0;
    while at < scopes.len() {
        let layer = &layers[scopes[at].layer];
        nodes += layer.nodes.len() + 1;
        if nodes > limits::GRAPH_NODES + 1 {
            return Err(exceeded("nodes with those of subgraphs", limits::GRAPH_NODES));
        }
        for (index, node) in layer.nodes.iter().enumerate() {
            if let (Role::Instance(inner), Mode::Active) = (node.role, node.mode) {
                let place = (at, index);
                let scope = enter(layers, &scopes, place, (inner, &promoted[inner]), &mut room)?;
                lost(&scopes[at], node, &scope, report);
                let child = scopes.len();
                scopes[at].children.insert(index, child);
                scopes.push(scope);
            }
        }
        at += 1;
    }
    Ok(scopes)
}

fn enter<'a>(
    layers: &[Layer<'a>],
    scopes: &[Scope<'a>],
    place: (usize, usize),
    (inner, promoted): (usize, &HashMap<usize, usize>),
    room: &mut usize,
) -> Result<Scope<'a>, Vec<GraphError>> {
    let outer = &scopes[place.0];
    let instance = &layers[outer.layer].nodes[place.1];
    let prefix = format!("{}{}:", outer.prefix, instance.id);
    let id = prefix.trim_end_matches(':');
    if outer.depth + 1 > limits::SUBGRAPH_DEPTH || prefix.len() > limits::GRAPH_NAME_BYTES {
        let found = format!("subgraphs nested more than {} deep", limits::SUBGRAPH_DEPTH);
        let error = GraphError::new(ErrorCode::LimitExceeded, found, "fewer levels, shorter ids");
        return Err(vec![error.at_node(id, instance.class, instance.title)]);
    }
    let mut around = Some(place.0);
    while let Some(scope) = around.map(|at| &scopes[at]) {
        if scope.layer == inner {
            let found = "a subgraph inside itself";
            let error = GraphError::new(ErrorCode::RecursiveSubgraph, found, "another subgraph");
            return Err(vec![error.at_node(id, instance.class, layers[inner].name)]);
        }
        around = scope.parent.map(|(at, _)| at);
    }
    let none: &[Override<'a>] = &[];
    let values = outer.given.nodes.get(&place.1).map_or(none, Vec::as_slice);
    let given = Given::of(instance, &layers[inner], promoted, values, room)
        .ok_or_else(|| exceeded("values of subgraphs", limits::CONVERSION_STEPS))?;
    let (children, depth) = (HashMap::new(), outer.depth + 1);
    Ok(Scope { layer: inner, parent: Some(place), prefix, children, given, depth })
}

/// Warns of values for widgets that the subgraph does not have.
fn lost(outer: &Scope<'_>, node: &super::node::Node<'_>, scope: &Scope<'_>, report: &mut Report) {
    for widget in &scope.given.lost {
        let found = "a value for a widget that is not in the subgraph";
        let warning = GraphError::new(ErrorCode::WidgetValues, found, "a widget of a node inside");
        let id = format!("{}{}", outer.prefix, node.id);
        report.warning(
            warning.at_node(&id, node.class, node.title).input(super::super::error::cut(widget)),
        );
    }
}
