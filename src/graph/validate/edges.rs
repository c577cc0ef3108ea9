//! Who takes from whom, by index: every well-formed link to a node that is there.

use crate::graph::Document;
use crate::graph::effort;
use crate::graph::node::Given;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(in crate::graph) struct Edges {
    /// For each node those that it takes from, in the order of its inputs.
    pub sources: Vec<Vec<usize>>,
    /// For each node those that take from it.
    takers: Vec<Vec<usize>>,
}

impl Edges {
    pub fn of(document: &Document) -> Self {
        let count = document.nodes().len();
        let (mut sources, mut takers) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (at, node) in document.nodes().iter().enumerate() {
            for (_, given) in node.inputs() {
                effort::tick();
                let Given::Link(link) = given else { continue };
                let Some(source) = document.find(link.node) else { continue };
                sources[at].push(source);
                takers[source].push(at);
            }
        }
        Self { sources, takers }
    }

    /// Nodes after all that they take from, otherwise by index. Nodes on cycles, and those that
    /// depend on one, are left out.
    pub fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = self.sources.iter().map(Vec::len).collect();
        let free = waits.iter().enumerate().filter(|(_, waits)| **waits == 0);
        let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(at, _)| Reverse(at)).collect();
        let mut order = Vec::with_capacity(waits.len());
        while let Some(Reverse(at)) = ready.pop() {
            order.push(at);
            for taker in &self.takers[at] {
                effort::tick();
                waits[*taker] -= 1;
                if waits[*taker] == 0 {
                    ready.push(Reverse(*taker));
                }
            }
        }
        order
    }
}
