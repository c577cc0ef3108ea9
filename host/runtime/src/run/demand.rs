//! Which nodes of a graph run: those that an output asks for and whose result is not kept.
//!
//! Goes through the graph from its ends. A node that has nothing behind it and all output nodes
//! run always; what a running node takes is asked for; an asked node whose kept result has all
//! that is asked of it does not run, and asks for nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use amdm::graph::{Checked, Source};
use amdm_diffusion::{Device, Models};

use crate::cache::{CacheState, Entry, Keys, Results, Sources};
use crate::cancel::Cancel;
use crate::pictures::Inputs;
use crate::registry::Registry;

/// A kept result that a run uses.
pub(crate) struct Hit {
    /// The result.
    pub entry: Arc<Entry>,
    /// Where it was.
    pub state: CacheState,
    /// How long it took to find.
    pub time: Duration,
}

/// What happens to a node.
pub(crate) enum Fate {
    /// Nobody asks for it.
    Idle,
    /// It runs.
    Runs,
    /// Its kept result is used.
    Kept(Hit),
}

/// What a run does.
pub(crate) struct Demand {
    /// What happens to each node, by index.
    pub fates: Vec<Fate>,
    /// How often running nodes take each output; 0 of one that is asked for by the caller alone.
    pub uses: HashMap<Source, usize>,
}

impl Demand {
    /// Asks `kept` for the result of each asked node that need not run, with the slots that must be
    /// there.
    pub fn new(graph: &Checked, mut kept: impl FnMut(usize, &[usize]) -> Option<Hit>) -> Self {
        let mut demand =
            Self { fates: graph.nodes.iter().map(|_| Fate::Idle).collect(), uses: HashMap::new() };
        for &source in &graph.asked {
            demand.uses.entry(source).or_insert(0);
        }
        let mut taken = vec![false; graph.nodes.len()];
        for &index in &graph.order {
            graph.nodes[index].sources().for_each(|source| taken[source.node] = true);
        }
        graph.asked.iter().for_each(|source| taken[source.node] = true);
        for &index in graph.order.iter().rev() {
            let node = &graph.nodes[index];
            let slots = demand.slots(index, node.descriptor.outputs.len());
            let end = node.descriptor.output_node || !taken[index];
            if !end && slots.is_empty() {
                continue;
            }
            let hit = if end || node.is_operator() { None } else { kept(index, &slots) };
            demand.fates[index] = match hit {
                Some(hit) => Fate::Kept(hit),
                None => {
                    node.sources().for_each(|source| {
                        *demand.uses.entry(source).or_insert(0) += 1;
                    });
                    Fate::Runs
                }
            };
        }
        demand
    }

    /// Outputs of a node that are asked for.
    fn slots(&self, node: usize, outputs: usize) -> Vec<usize> {
        (0..outputs).filter(|&slot| self.uses.contains_key(&Source { node, slot })).collect()
    }

    /// Whether an output is asked for.
    pub fn asks(&self, source: Source) -> bool {
        self.uses.contains_key(&source)
    }
}

/// The keys of `graph`, where anything is kept.
pub(crate) fn keys(
    graph: &Checked,
    registry: &Registry,
    (models, inputs, device): (&Models, &Inputs, &Device),
    results: &Results,
    cancel: &Cancel,
) -> Keys {
    if !results.is_on() {
        return Keys::none();
    }
    let sources = Sources {
        code: &|descriptor| registry.code(descriptor),
        models,
        inputs,
        device,
        files: &results.files,
        cancel,
    };
    Keys::of(graph, &sources)
}

/// What would happen to each node of `graph`, by index, were it run now.
pub(crate) fn fates(
    graph: &Checked,
    registry: &Registry,
    (models, inputs, device): (&Models, &Inputs, &Device),
    results: &Results,
) -> Vec<Fate> {
    let keys = keys(graph, registry, (models, inputs, device), results, &Cancel::new());
    let kept = |index: usize, slots: &[usize]| {
        let (entry, state) = results.get(keys.get(index)?, &graph.nodes[index], slots, device)?;
        Some(Hit { entry, state, time: Duration::ZERO })
    };
    Demand::new(graph, kept).fates
}
