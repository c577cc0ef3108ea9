//! What a step operator's node yields: a spec, from which each sampler starts an operator of its own.

use std::fmt;
use std::sync::Arc;

use amdm::catalogue::Descriptor;

use crate::bindings::amdm::node::sampling::Phase;
use crate::failure::NodeRef;
use crate::pack::Pack;
use crate::value::Value;

/// A step operator with its resolved inputs; immutable, so cached graphs hold no guest state.
pub struct OperatorSpec {
    /// The pack that brings it.
    pub pack: Arc<Pack>,
    /// The node, as errors name it.
    pub node: NodeRef,
    /// Its class.
    pub descriptor: Descriptor,
    /// Its inputs but for the policy before it.
    pub inputs: Vec<(String, Value)>,
}

impl OperatorSpec {
    /// Whether it keeps nothing from one step to the next.
    pub fn is_stateless(&self) -> bool {
        self.descriptor.step_operator.as_ref().is_some_and(|operator| operator.stateless)
    }

    /// The phases in which it acts.
    pub fn phases(&self) -> Vec<Phase> {
        let names = self.descriptor.step_operator.iter().flat_map(|operator| &operator.phases);
        names
            .filter_map(|name| match name.as_str() {
                "prepare" => Some(Phase::Prepare),
                "predicted" => Some(Phase::Predicted),
                "stepped" => Some(Phase::Stepped),
                _ => None,
            })
            .collect()
    }
}

impl fmt::Debug for OperatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorSpec({})", self.node)
    }
}
