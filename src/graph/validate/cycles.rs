//! Cycles: one error for each knot of nodes that depend on each other, with a shortest path.
//!
//! Knots are strongly connected components, found by Tarjan's algorithm (1972) without recursion.

use super::edges::Edges;
use super::report::Place;
use super::{Validation, effort};
use crate::graph::node::Given;
use crate::graph::{ErrorCode, GraphError};
use std::collections::VecDeque;

/// Nodes of a cycle that a message lists.
const SHOWN_NODES: usize = 12;

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

/// For each node a number that it shares with those of its knot alone.
fn knots(sources: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = sources.len();
    let (mut number, mut low, mut knot) = (vec![NEW; count], vec![0; count], vec![NEW; count]);
    let (mut open, mut path, mut next, mut done) = (Vec::new(), Vec::new(), 0, 0);
    for start in 0..count {
        if number[start] == NEW {
            path.push((start, 0));
        }
        while let Some((at, edge)) = path.pop() {
            effort::tick();
            if edge == 0 {
                (number[at], low[at]) = (next, next);
                next += 1;
                open.push(at);
            } else {
                low[at] = low[at].min(low[sources[at][edge - 1]]);
            }
            if let Some(&source) = sources[at].get(edge) {
                if number[source] == NEW {
                    path.push((at, edge + 1));
                    path.push((source, 0));
                    continue;
                }
                if knot[source] == NEW {
                    low[at] = low[at].min(number[source]);
                }
                path.push((at, edge + 1));
                continue;
            }
            if low[at] == number[at] {
                while let Some(member) = open.pop() {
                    knot[member] = done;
                    if member == at {
                        break;
                    }
                }
                done += 1;
            }
        }
    }
    knot
}
