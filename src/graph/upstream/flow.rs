//! From node to node: what outputs depend on, cycles, and what an error keeps from running.

use super::{Judge, links};
use crate::graph::validate::cycles;
use crate::graph::verdict::{EditorError, NodeErrors, Verdict};
use crate::graph::{ErrorCode, GraphError};
use crate::limits;
use std::collections::HashMap;

/// Outputs followed at once: bits of a mask.
const TOGETHER: usize = 64;

impl Judge<'_> {
    /// Checks the outputs and everything that they take from, each node once.
    pub(super) fn walk(&mut self, outputs: &[usize]) {
        let mut open: Vec<usize> = outputs.iter().rev().copied().collect();
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut self.reached[at], true) {
                continue;
            }
            self.inputs(at);
            let new = self.sources[at].iter().rev().filter(|source| !self.reached[**source]);
            open.extend(new);
        }
        self.idle();
    }

    /// Reports every link that stays inside a knot of nodes that depend on each other.
    pub(super) fn cycles(&mut self) {
        let knots = cycles::knots(&self.sources);
        let mut paths: HashMap<usize, String> = HashMap::new();
        for at in 0..knots.len() {
            for edge in 0..self.sources[at].len() {
                if knots[self.sources[at][edge]] != knots[at] {
                    continue;
                }
                let path = paths.entry(knots[at]).or_insert_with(|| {
                    let cycle = cycles::shortest(&self.sources, &knots, at).unwrap_or_default();
                    cycles::path(self.document, &cycle)
                });
                let (path, rank) = (path.clone(), self.through[at][edge]);
                self.cyclic(at, rank, &path);
            }
        }
    }

    /// Puts the verdict together.
    pub(super) fn verdict(mut self, outputs: &[usize]) -> Verdict {
        let order = order(&self.sources);
        let mut sound = vec![true; self.bad.len()];
        for &at in &order {
            sound[at] = !self.bad[at] && self.sources[at].iter().all(|source| sound[*source]);
        }
        let (good, failed): (Vec<usize>, Vec<usize>) =
            outputs.iter().partition(|output| sound[**output]);
        links::sort(&mut self.findings);
        let node_errors = self.node_errors(&order, &failed);
        let error = good.is_empty().then(|| self.failed(&failed));
        let mut faults: Vec<GraphError> =
            self.findings.into_iter().map(|finding| finding.fault).collect();
        if self.left_out > 0 {
            let found = format!("{} more errors", self.left_out);
            let expected = format!("no more than {} to list", limits::GRAPH_ERRORS);
            faults.push(GraphError::new(ErrorCode::LimitExceeded, found, expected));
        }
        let id = |at: usize| self.document.nodes()[at].id().to_owned();
        Verdict {
            error,
            node_errors,
            warnings: self.warnings,
            outputs: good.into_iter().map(id).collect(),
            faults,
        }
    }

    /// The error of a request of which no output is sound, with a line for each error of an output.
    fn failed(&self, outputs: &[usize]) -> EditorError {
        let outputs: std::collections::HashSet<usize> = outputs.iter().copied().collect();
        let own = self.findings.iter().filter(|finding| outputs.contains(&finding.at));
        let lines = own.map(|f| format!("{}: {}", f.error.message, f.error.details));
        super::request::prompt_error(
            "prompt_outputs_failed_validation",
            "Prompt outputs failed validation",
            lines.collect::<Vec<_>>().join("\n"),
            serde_json::Map::new(),
        )
    }

    fn node_errors(&self, order: &[usize], failed: &[usize]) -> Vec<(String, NodeErrors)> {
        let mut nodes: Vec<(usize, NodeErrors)> = Vec::new();
        for finding in &self.findings {
            match nodes.last_mut() {
                Some((at, node)) if *at == finding.at => node.errors.push(finding.error.clone()),
                _ => {
                    let node = NodeErrors {
                        errors: vec![finding.error.clone()],
                        dependent_outputs: Vec::new(),
                        class_type: self.node(finding.at).class().unwrap_or_default().to_owned(),
                    };
                    nodes.push((finding.at, node));
                }
            }
        }
        for outputs in failed[..failed.len().min(limits::GRAPH_ERRORS)].chunks(TOGETHER) {
            let masks = dependents(&self.sources, order, outputs);
            for (at, node) in &mut nodes {
                let depend =
                    outputs.iter().enumerate().filter(|(bit, _)| masks[*at] >> bit & 1 == 1);
                let ids = depend.map(|(_, output)| self.node(*output).id().to_owned());
                node.dependent_outputs.extend(ids);
            }
        }
        nodes.into_iter().map(|(at, node)| (self.node(at).id().to_owned(), node)).collect()
    }
}

/// Nodes after those that they take from; nodes of a knot next to each other.
fn order(sources: &[Vec<usize>]) -> Vec<usize> {
    let knots = cycles::knots(sources);
    let mut order: Vec<usize> = (0..knots.len()).collect();
    order.sort_by_key(|at| knots[*at]);
    order
}

/// For each node the outputs that depend on it, as bits.
fn dependents(sources: &[Vec<usize>], order: &[usize], outputs: &[usize]) -> Vec<u64> {
    let mut masks = vec![0_u64; sources.len()];
    for (bit, output) in outputs.iter().enumerate() {
        masks[*output] |= 1 << bit;
    }
    for &at in order.iter().rev() {
        for &source in &sources[at] {
            masks[source] |= masks[at];
        }
    }
    masks
}
