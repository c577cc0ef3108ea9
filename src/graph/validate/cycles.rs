//! Cycles: one error for each knot of nodes that depend on each other, with a shortest path.

use super::Validation;
use super::edges::Edges;
use super::report::Place;
use crate::graph::cycles::{knots, path, shortest};
use crate::graph::{ErrorCode, Given, GraphError};

pub(super) fn check(validation: &mut Validation<'_>, edges: &Edges) {
    let count = edges.sources.len();
    if edges.order().len() == count {
        return;
    }
    let knots = knots(&edges.sources);
    let mut seen = vec![false; count];
    for at in 0..count {
        if std::mem::replace(&mut seen[knots[at]], true) {
            continue;
        }
        let Some(cycle) = shortest(&edges.sources, &knots, at) else {
            continue;
        };
        report(validation, at, &cycle);
    }
}

fn report(validation: &mut Validation<'_>, at: usize, cycle: &[usize]) {
    let before = cycle.iter().rev().nth(1).map(|before| validation.node(*before).id());
    let closing = validation.node(at).inputs().find(|(_, given)| match given {
        Given::Link(link) => Some(link.node) == before,
        _ => false,
    });
    let found = format!("the cycle {}", path(validation.document, cycle));
    let expected = "links that never lead back to the node they start from";
    let error = GraphError::new(ErrorCode::DependencyCycle, found, expected);
    let error = match closing {
        Some((name, _)) => error.input(name),
        None => error,
    };
    validation.report(Place::node(at), error);
}
