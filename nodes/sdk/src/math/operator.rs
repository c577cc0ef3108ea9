//! An operator of the maths as the contract has it.

use amdm::math;

use super::{Context, lift_phase, lower};
use crate::{Error, Operator, Phase, StepContext};

/// Lets the host call an operator of [`amdm::math`].
#[derive(Debug)]
pub struct MathOperator<O>(pub O);

impl<O> Operator for MathOperator<O>
where
    O: for<'a> math::Operator<Context<&'a StepContext>>,
{
    fn window(&self, steps: u32, before: &[(u32, u32)]) -> (u32, u32) {
        self.0.window(steps, before)
    }

    fn wants_parts(&self) -> bool {
        self.0.wants_parts()
    }

    fn check(&mut self, context: &StepContext) -> Result<(), Error> {
        self.0.check(&Context(context)).map_err(lower)
    }

    fn apply(&mut self, phase: Phase, context: &StepContext) -> Result<(), Error> {
        self.0.apply(lift_phase(phase), &Context(context)).map_err(lower)
    }
}
