//! Knots of nodes that depend on each other, and shortest cycles in them.
//!
//! Knots are strongly connected components, found by Tarjan's algorithm (1972) without recursion.

use super::{Document, effort};
use std::collections::{HashMap, VecDeque};

/// Nodes of a cycle that a message lists.
const SHOWN_NODES: usize = 12;

/// For each node a number that it shares with those of its knot alone.
pub(super) fn knots(sources: &[Vec<usize>]) -> Vec<usize> {
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
                let source = sources[at][edge - 1];
                if knot[source] == NEW {
                    low[at] = low[at].min(low[source]);
                }
            }
            if let Some(&source) = sources[at].get(edge) {
                path.push((at, edge + 1));
                if number[source] == NEW {
                    path.push((source, 0));
                }
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

/// A shortest way along links from `at` back to it, both ends included.
pub(super) fn shortest(sources: &[Vec<usize>], knots: &[usize], at: usize) -> Option<Vec<usize>> {
    let mut towards: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([at]);
    while let Some(node) = queue.pop_front() {
        for &source in &sources[node] {
            effort::tick();
            if source == at {
                let next = |node: &usize| towards.get(node).copied();
                let way = std::iter::successors(Some(node), next);
                return Some([at].into_iter().chain(way).collect());
            }
            if knots[source] == knots[at] && !towards.contains_key(&source) {
                towards.insert(source, node);
                queue.push_back(source);
            }
        }
    }
    None
}

/// `1 (A) -> 2 (B) -> 1 (A)`, cut in the middle where it is long.
pub(super) fn path(document: &Document, cycle: &[usize]) -> String {
    let (head, tail) = match cycle.len() > SHOWN_NODES {
        true => (&cycle[..SHOWN_NODES / 2], &cycle[cycle.len() - SHOWN_NODES / 2..]),
        false => (cycle, [].as_slice()),
    };
    let label = |at: &usize| document.nodes()[*at].label();
    let mut steps: Vec<String> = head.iter().map(label).collect();
    if !tail.is_empty() {
        steps.push(format!("{} more", cycle.len() - head.len() - tail.len()));
        steps.extend(tail.iter().map(label));
    }
    steps.join(" -> ")
}
