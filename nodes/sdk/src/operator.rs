//! Step operators: nodes that act at every step of a sampler.

use crate::{Error, Phase, StepContext};

/// Acts on the lanes of one sampling, in the phases that its node's `@step-operator` names.
///
/// Lives for one sampling, so it may keep state between steps.
pub trait Operator {
    /// The steps `[start, end)` of `steps` in which [`Operator::apply`] is called. `before` holds
    /// the windows of the operators before it in the chain, in order. The default takes the last of
    /// them, and all steps where there is none.
    fn window(&self, steps: u32, before: &[(u32, u32)]) -> (u32, u32) {
        before.last().copied().unwrap_or((0, steps))
    }

    /// Whether it needs conditional and unconditional predictions apart.
    fn wants_parts(&self) -> bool {
        false
    }

    /// Called once, before the first network pass, when lanes, weights, guidance, target, wanted
    /// lanes and the kind of solver are set.
    ///
    /// # Errors
    /// Refuses what the operator cannot do with them.
    fn check(&mut self, context: &StepContext) -> Result<(), Error> {
        let _ = context;
        Ok(())
    }

    /// Does the operator's work in one phase of a step.
    ///
    /// # Errors
    /// Ends the sampling.
    fn apply(&mut self, phase: Phase, context: &StepContext) -> Result<(), Error>;
}
