//! What depends on what: which nodes are sound with all that they take from, and which outputs an
//! error keeps from running.

use super::cycles;
use crate::limits;

/// Outputs followed at once: bits of a mask.
const TOGETHER: usize = 64;

/// The links of a graph, and an order along them.
pub(super) struct Influence<'a> {
    /// For each node those that it takes from.
    sources: &'a [Vec<usize>],
    /// Nodes after those that they take from; nodes of a cycle next to each other.
    order: Vec<usize>,
}

impl<'a> Influence<'a> {
    /// Of the graph in which each node takes from its `sources`.
    pub fn of(sources: &'a [Vec<usize>]) -> Self {
        let knots = cycles::knots(sources);
        let mut order: Vec<usize> = (0..knots.len()).collect();
        order.sort_by_key(|at| knots[*at]);
        Self { sources, order }
    }

    /// Nodes that neither are `bad` nor depend on a bad one or on a cycle.
    pub fn sound(&self, bad: &[bool]) -> Vec<bool> {
        let mut sound = vec![false; bad.len()];
        for &at in &self.order {
            sound[at] = !bad[at] && self.sources[at].iter().all(|source| sound[*source]);
        }
        sound
    }

    /// The nodes that `outputs` depend on, themselves included.
    pub fn ancestors(&self, outputs: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut reached = vec![false; self.sources.len()];
        let mut open: Vec<usize> = outputs.collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                open.extend(self.sources[at].iter().filter(|source| !reached[**source]));
            }
        }
        reached
    }

    /// For each of `nodes` those of the first [`limits::GRAPH_ERRORS`] `outputs` that depend on it.
    pub fn dependents(&self, outputs: &[usize], nodes: &[usize]) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); nodes.len()];
        for outputs in outputs[..outputs.len().min(limits::GRAPH_ERRORS)].chunks(TOGETHER) {
            let masks = self.masks(outputs);
            for (list, at) in dependents.iter_mut().zip(nodes) {
                let bits = outputs.iter().enumerate();
                list.extend(bits.filter(|(bit, _)| masks[*at] >> bit & 1 == 1).map(|(_, o)| *o));
            }
        }
        dependents
    }

    /// For each node the outputs that depend on it, as bits.
    fn masks(&self, outputs: &[usize]) -> Vec<u64> {
        let mut masks = vec![0_u64; self.sources.len()];
        for (bit, output) in outputs.iter().enumerate() {
            masks[*output] |= 1 << bit;
        }
        for &at in self.order.iter().rev() {
            for &source in &self.sources[at] {
                masks[source] |= masks[at];
            }
        }
        masks
    }
}
