//! How much memory a run would take at its peak: what lies on wires, and what the node that runs
//! needs besides.
//!
//! Where a size is not known the estimate is a lower bound. Weights and the networks' own buffers
//! are not in it: they are the model's, not the graph's.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::size::{Held, Shapes, Sizes};
use super::{LaneCounts, is_sampler, start};
use crate::graph::{Checked, CheckedNode, Source};

/// Tensors of a latent's size that a lane has at the worst moment of a step: latent, input, mean,
/// the solver's history, three predictions in two forms each.
const LANE_TENSORS: u64 = 10;

/// Bytes at the peak of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Memory {
    /// Bytes of tensors, as far as they are known.
    pub bytes: u64,
    /// Whether something is not known and the run may take more.
    pub at_least: bool,
}

/// The peak of running `graph`, and what its outputs hold.
pub(super) fn peak<'a>(graph: &'a Checked, shapes: &'a dyn Shapes) -> (Memory, Sizes<'a>) {
    let mut uses: HashMap<Source, usize> = HashMap::new();
    for &at in &graph.order {
        graph.nodes[at].sources().for_each(|source| *uses.entry(source).or_insert(0) += 1);
    }
    let (mut sizes, mut lanes) = (Sizes::new(graph, shapes), LaneCounts::new(graph));
    let (mut live, mut most, mut at_least) = (0_u64, 0_u64, false);
    for &at in &graph.order {
        let node = &graph.nodes[at];
        sizes.learn(at, &mut lanes);
        let made = made(node).map(|slot| Source { node: at, slot });
        let made: Vec<(Source, Held)> = made.map(|source| (source, sizes.of(source))).collect();
        at_least |= made.iter().any(|(_, held)| held.bytes().is_none());
        let inside = if is_sampler(node) {
            let latent = start(node).map_or(0, |source| bytes(sizes.of(source)));
            let lanes = lanes.of_node(node).unwrap_or(1);
            latent.saturating_mul(lanes).saturating_mul(LANE_TENSORS)
        } else {
            made.iter().fold(0, |all, (_, held)| bytes(*held).saturating_add(all))
        };
        most = most.max(live.saturating_add(inside));
        let kept = made.iter().filter(|(source, _)| uses.contains_key(source));
        live = kept.fold(live, |live, (_, held)| live.saturating_add(bytes(*held)));
        for source in node.sources() {
            let Some(left) = uses.get_mut(&source) else { continue };
            *left -= 1;
            if *left == 0 {
                uses.remove(&source);
                live = live.saturating_sub(bytes(sizes.of(source)));
            }
        }
    }
    (Memory { bytes: most, at_least }, sizes)
}

fn bytes(held: Held) -> u64 {
    held.bytes().unwrap_or(0)
}

/// The outputs that a node makes: those that it must, and those that are wanted.
fn made(node: &CheckedNode) -> impl Iterator<Item = usize> {
    let outputs = node.descriptor.outputs.iter().enumerate();
    outputs.filter_map(|(slot, output)| (!output.optional || node.wanted[slot]).then_some(slot))
}
