//! What a run of a valid graph would do, from the graph alone: nothing runs.
//!
//! Network passes follow from the samplings: N lanes over T steps with a window that ends at step
//! e, M of them wanted, take `N e + M (T - e)` passes, a handoff as many as one lane alone. What
//! nodes mean by their inputs and outputs is in their descriptors; no class is known by its name.
//! What a link carries is not known before the run, and operators that say nothing may act in any
//! step: then the count is a bound, or unknown.

mod memory;
mod reach;
mod size;

pub use memory::Memory;
pub use size::Shapes;

use self::reach::{Reach, Windows};
use super::{Checked, CheckedNode, Resolved, Source};
use crate::catalogue::wire::{IMAGE, LANES, LATENT};
use crate::catalogue::{Output, role};
use crate::math::window;
use schemars::JsonSchema;
use serde::Serialize;

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Plan {
    /// The nodes that would run, in order.
    pub nodes: Vec<PlannedNode>,
    /// Network passes of all samplings.
    pub passes: Passes,
    /// Tensors at the peak, without weights and the networks' own buffers.
    pub memory: Memory,
}

/// A node that would run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedNode {
    /// Its id.
    pub node: String,
    /// Its class.
    pub class: String,
    /// Its title, where the graph gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What a sampling would take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// How the names of files that it writes would begin, where it writes any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<String>,
    /// Width and height of the pictures that it writes, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<(u64, u64)>,
    /// Whether it would run at all.
    pub state: PlannedState,
}

/// What would happen to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedState {
    /// It would run.
    Runs,
    /// Its result is kept in memory.
    InMemory,
    /// Its result is kept on disk.
    OnDisk,
    /// Nothing that would run asks for it.
    NotAsked,
}

impl Plan {
    /// Takes in what happens to each node, given in the order of the plan; only what runs counts.
    #[must_use]
    pub fn with_states(mut self, states: impl IntoIterator<Item = PlannedState>) -> Self {
        self.nodes.iter_mut().zip(states).for_each(|(node, state)| node.state = state);
        let run = self.nodes.iter().filter(|node| node.state == PlannedState::Runs);
        let passes = run.filter_map(|node| Some(node.sampling.as_ref()?.passes));
        self.passes = passes.fold(Passes::Exactly(0), Passes::plus);
        self
    }
}

/// A sampling, as far as the graph says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sampling {
    /// Lanes side by side.
    pub lanes: u64,
    /// Steps that run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Images at once, where the node that gives the start says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u64>,
    /// Guided predictions, one a lane and step, for the whole batch.
    pub passes: Passes,
}

/// A number of network passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "known", content = "count", rename_all = "snake_case")]
pub enum Passes {
    /// As many as this.
    Exactly(u64),
    /// Not more than this.
    AtMost(u64),
    /// Links decide.
    Unknown,
}

impl Passes {
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Exactly(a), Self::Exactly(b)) => Self::Exactly(a.saturating_add(b)),
            (Self::Exactly(a) | Self::AtMost(a), Self::Exactly(b) | Self::AtMost(b)) => {
                Self::AtMost(a.saturating_add(b))
            }
            _ => Self::Unknown,
        }
    }
}

/// What running `graph` would do; `shapes` knows the models.
pub fn plan(graph: &Checked, shapes: &dyn Shapes) -> Plan {
    let mut samplings = samplings(graph);
    let passes = samplings.iter().flatten().map(|sampling| sampling.passes);
    let passes = passes.fold(Passes::Exactly(0), Passes::plus);
    let (memory, sizes) = memory::peak(graph, shapes);
    let nodes = graph.order.iter().map(|&at| {
        let node = &graph.nodes[at];
        let names = node.descriptor.file_names();
        let writes = match names.and_then(|input| node.input(&input.name)) {
            Some(Resolved::Text(prefix)) if node.descriptor.output_node => Some(prefix.clone()),
            _ => None,
        };
        let written = writes.as_ref().and_then(|_| linked(node, IMAGE));
        PlannedNode {
            node: node.id.clone(),
            class: node.descriptor.r#type.clone(),
            title: node.title.clone(),
            sampling: samplings[at].take(),
            pixels: written.and_then(|source| sizes.of(source).sides()),
            writes,
            state: PlannedState::Runs,
        }
    });
    Plan { nodes: nodes.collect(), passes, memory }
}

/// What each node that would run would sample, by node.
fn samplings(graph: &Checked) -> Vec<Option<Sampling>> {
    let mut samplings = vec![None; graph.nodes.len()];
    let needed = graph.order.iter().filter(|at| samples(&graph.nodes[**at]));
    let mut samplers: Vec<(Option<u64>, usize)> =
        needed.map(|at| (steps(&graph.nodes[*at]), *at)).collect();
    // By steps, so that chains which many share are walked once for each number of them.
    samplers.sort_unstable();
    let (lanes, mut windows) = (LaneCounts::of(graph), Windows::of(graph));
    for (steps, at) in samplers {
        samplings[at] = sampling(graph, &graph.nodes[at], steps, (&lanes, &mut windows));
    }
    samplings
}

/// Whether `node` takes lanes, and says the steps or makes latents of them.
fn samples(node: &CheckedNode) -> bool {
    let lanes = node.descriptor.inputs.iter().any(|input| input.r#type == LANES);
    let latents = node.descriptor.outputs.iter().any(makes_latents);
    lanes && (latents || node.descriptor.input_for(role::STEPS).is_some())
}

fn makes_latents(output: &Output) -> bool {
    output.r#type == LATENT
}

/// Steps that run, where the graph says.
fn steps(node: &CheckedNode) -> Option<u64> {
    let schedule = node.descriptor.input_for(role::SCHEDULE);
    if schedule.is_some_and(|input| node.input(&input.name).is_some()) {
        return None;
    }
    let steps = integer(node, &node.descriptor.input_for(role::STEPS)?.name)?;
    let Some(denoise) = node.descriptor.input_for(role::DENOISE) else { return Some(steps) };
    let denoise = float(node, &denoise.name)?;
    Some(u64::from(window::round_half_up(denoise * steps as f64)).min(steps))
}

fn sampling(
    graph: &Checked,
    node: &CheckedNode,
    steps: Option<u64>,
    (lanes, windows): (&LaneCounts, &mut Windows),
) -> Option<Sampling> {
    let count = lanes.of_node(node)?;
    let all_lanes = node.descriptor.output_for(role::ALL_LANES);
    let wanted = if all_lanes.is_some_and(|slot| node.wanted[slot]) { count } else { 1 };
    let passes = match (steps, node.policy()) {
        (None, _) => Passes::Unknown,
        (Some(steps), None) => Passes::Exactly(wanted.saturating_mul(steps)),
        (Some(steps), Some(policy)) => match windows.reach(policy, steps) {
            Reach::Unknown => Passes::AtMost(count.saturating_mul(steps)),
            Reach::Handoff => Passes::Exactly(steps),
            Reach::Until(end) => {
                let after = wanted.saturating_mul(steps - end.min(steps));
                Passes::Exactly(count.saturating_mul(end).saturating_add(after))
            }
        },
    };
    Some(Sampling { lanes: count, steps, batch: batch(graph, node), passes })
}

/// Lanes behind each node that would run: one for each node on their chain.
struct LaneCounts(Vec<u64>);

impl LaneCounts {
    fn of(graph: &Checked) -> Self {
        let mut counts = Self(vec![0; graph.nodes.len()]);
        for &at in &graph.order {
            counts.0[at] = counts.of_node(&graph.nodes[at]).unwrap_or(0).saturating_add(1);
        }
        counts
    }

    /// Lanes that `node` takes; nothing where no lanes are linked.
    fn of_node(&self, node: &CheckedNode) -> Option<u64> {
        let lists = node.descriptor.inputs.iter().filter(|input| input.r#type == LANES);
        let sources = lists.filter_map(|input| node.input(&input.name)).flat_map(Resolved::sources);
        sources.map(|source| self.0[source.node]).reduce(u64::saturating_add)
    }
}

/// Where a sampling starts: the input that its latents have the size of.
fn start(node: &CheckedNode) -> Option<Source> {
    let mut latents = node.descriptor.outputs.iter().filter(|output| makes_latents(output));
    let size = latents.find_map(|output| output.size.as_ref())?;
    link(node, size.like.as_ref()?)
}

/// Images at once, where the node that gives the start says so.
fn batch(graph: &Checked, node: &CheckedNode) -> Option<u64> {
    let source = start(node)?;
    let start = &graph.nodes[source.node];
    let size = start.descriptor.outputs.get(source.slot)?.size.as_ref()?;
    integer(start, size.batch.as_ref()?)
}

/// Where the first linked input of this wire type comes from.
fn linked(node: &CheckedNode, kind: &str) -> Option<Source> {
    let mut inputs = node.descriptor.inputs.iter().filter(|input| input.r#type == kind);
    inputs.find_map(|input| link(node, &input.name))
}

fn link(node: &CheckedNode, name: &str) -> Option<Source> {
    match node.input(name) {
        Some(Resolved::Link(source)) => Some(*source),
        _ => None,
    }
}

fn integer(node: &CheckedNode, name: &str) -> Option<u64> {
    match node.input(name) {
        Some(Resolved::Integer(value)) => u64::try_from(*value).ok(),
        _ => None,
    }
}

fn float(node: &CheckedNode, name: &str) -> Option<f64> {
    match node.input(name) {
        Some(Resolved::Float(value)) => Some(*value),
        _ => None,
    }
}
