//! How much memory a run would take at its peak: what lies on wires, and what the node that runs
//! needs besides.
//!
//! Where a size is not known the estimate is a lower bound. Weights and the networks' own buffers
//! are not in it: they are the model's, not the graph's.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::size::{Held, Shapes, Sizes};
use super::{LaneCounts, samples, start};
use crate::catalogue::role;
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
    let (mut sizes, lanes) = (Sizes::new(graph, shapes), LaneCounts::of(graph));
    let (mut live, mut most, mut at_least) = (0_u64, 0_u64, false);
    for &at in &graph.order {
        let node = &graph.nodes[at];
        sizes.learn(at, &lanes);
        let made = made(node).map(|slot| Source { node: at, slot });
        let made: Vec<(Source, Held)> = made.map(|source| (source, sizes.of(source))).collect();
        at_least |= made.iter().any(|(_, held)| held.bytes().is_none());
        let steps = samples(node).then(|| of_steps(node, &sizes, &lanes));
        at_least |= steps == Some(None);
        let inside = steps.flatten().unwrap_or_else(|| {
            made.iter().fold(0, |all, (_, held)| bytes(*held).saturating_add(all))
        });
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

/// Bytes that the steps of a sampling take; nothing where the graph or the node does not say.
fn of_steps(node: &CheckedNode, sizes: &Sizes<'_>, lanes: &LaneCounts) -> Option<u64> {
    node.descriptor.input_for(role::STEPS)?;
    let start @ Held::Latents { .. } = sizes.of(start(node)?) else { return None };
    Some(start.bytes()?.saturating_mul(lanes.of_node(node)?).saturating_mul(LANE_TENSORS))
}

fn bytes(held: Held) -> u64 {
    held.bytes().unwrap_or(0)
}

/// The outputs that a node makes: those that it must, and those that are wanted.
fn made(node: &CheckedNode) -> impl Iterator<Item = usize> {
    let outputs = node.descriptor.outputs.iter().enumerate();
    outputs.filter_map(|(slot, output)| (!output.optional || node.wanted[slot]).then_some(slot))
}
