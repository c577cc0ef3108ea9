//! How far the operators of a chain reach into a sampling: until which step all lanes run.
//!
//! Operators say it in inputs that their descriptors name; others may act in any step. Chains share
//! their beginnings, so what is found is kept, for one number of steps at a time: callers go
//! through samplings by their steps, and each chain is walked once for each number.

use crate::catalogue::role;
use crate::graph::{Checked, CheckedNode, Resolved, Source};
use crate::math::window;

/// What operators do to the number of lanes.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    /// All lanes run to this step, those that are wanted go on.
    Until(u64),
    /// One lane runs at a time.
    Handoff,
    /// The graph does not say.
    Unknown,
}

/// What one operator does.
#[derive(Clone, Copy)]
enum Acts {
    /// In the steps between these ends.
    Within(f64, f64),
    Handoff,
    /// Where those before it do.
    Along,
    Unknown,
}

#[derive(Clone, Copy)]
struct Operator {
    before: Option<usize>,
    acts: Acts,
}

/// The operators of a graph by node, and what was found about their chains.
pub(super) struct Windows {
    operators: Vec<Option<Operator>>,
    steps: u64,
    known: Vec<Option<Reach>>,
}

impl Windows {
    pub fn of(graph: &Checked) -> Self {
        let operator = |node: &CheckedNode| {
            let before = node.policy().map(|source| source.node);
            node.is_operator().then(|| Operator { before, acts: acts(node) })
        };
        let operators = graph.nodes.iter().map(operator).collect();
        Self { operators, steps: 0, known: vec![None; graph.nodes.len()] }
    }

    /// How far the chain that ends at `source` reaches in a sampling of `steps`.
    pub fn reach(&mut self, source: Source, steps: u64) -> Reach {
        if self.steps != steps {
            self.known.fill(None);
            self.steps = steps;
        }
        let mut chain = Vec::new();
        let mut reach = Reach::Until(0);
        let mut next = Some(source.node);
        while let Some((at, operator)) = next.and_then(|at| Some((at, self.operators[at]?))) {
            if let Some(known) = self.known[at] {
                reach = known;
                break;
            }
            chain.push((at, operator.acts));
            next = operator.before;
        }
        for (at, acts) in chain.into_iter().rev() {
            reach = reach.then(acts, steps);
            self.known[at] = Some(reach);
        }
        reach
    }
}

impl Reach {
    /// With one more operator at the end.
    fn then(self, acts: Acts, steps: u64) -> Self {
        match (self, acts) {
            (Self::Until(end), Acts::Within(start, stop)) => {
                let steps = u32::try_from(steps).unwrap_or(u32::MAX);
                Self::Until(end.max(u64::from(window::resolve(start, stop, steps).1)))
            }
            (Self::Until(_), Acts::Handoff) => Self::Handoff,
            (Self::Until(_), Acts::Unknown) => Self::Unknown,
            _ => self,
        }
    }
}

fn acts(node: &CheckedNode) -> Acts {
    if node.descriptor.step_operator.as_ref().is_some_and(|operator| operator.inherits_window) {
        return Acts::Along;
    }
    let float = |role: &str| match node.input(&node.descriptor.input_for(role)?.name) {
        Some(Resolved::Float(value)) => Some(*value),
        _ => None,
    };
    match (float(role::WINDOW_START), float(role::WINDOW_END)) {
        (Some(_), Some(_)) if one_lane(node) => Acts::Handoff,
        (Some(start), Some(end)) => Acts::Within(start, end),
        _ => Acts::Unknown,
    }
}

/// Whether a choice was made with which one lane runs at a time.
fn one_lane(node: &CheckedNode) -> bool {
    node.descriptor.inputs.iter().any(|input| {
        let chosen = |name: &str| {
            matches!(node.input(&input.name), Some(Resolved::Text(text)) if text == name)
        };
        let mut choices = input.choices.iter();
        choices.any(|choice| choice.role.as_deref() == Some(role::ONE_LANE) && chosen(&choice.name))
    })
}
