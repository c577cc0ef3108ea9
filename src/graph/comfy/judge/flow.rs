//! From node to node: what outputs depend on, cycles, and what an error keeps from running.

use super::{Judge, links};
use crate::graph::cycles;
use crate::graph::influence::Influence;
use crate::graph::verdict::{EditorError, NodeErrors, Verdict};
use crate::graph::{ErrorCode, GraphError};
use crate::limits;
use std::collections::HashMap;

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
        let influence = Influence::of(&self.sources);
        let sound = influence.sound(&self.bad);
        let (good, failed): (Vec<usize>, Vec<usize>) =
            outputs.iter().partition(|output| sound[**output]);
        links::sort(&mut self.findings);
        let node_errors = self.node_errors(&influence, &failed);
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
        EditorError::new(
            "prompt_outputs_failed_validation",
            "Prompt outputs failed validation",
            lines.collect::<Vec<_>>().join("\n"),
            serde_json::Map::new(),
        )
    }

    fn node_errors(
        &self,
        influence: &Influence<'_>,
        failed: &[usize],
    ) -> Vec<(String, NodeErrors)> {
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
        let at_fault: Vec<usize> = nodes.iter().map(|(at, _)| *at).collect();
        let dependents = influence.dependents(failed, &at_fault);
        for ((_, node), outputs) in nodes.iter_mut().zip(dependents) {
            let ids = outputs.into_iter().map(|output| self.node(output).id().to_owned());
            node.dependent_outputs = ids.collect();
        }
        nodes.into_iter().map(|(at, node)| (self.node(at).id().to_owned(), node)).collect()
    }
}
