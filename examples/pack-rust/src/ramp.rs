//! A factor on every lane's guidance that changes along the schedule.

use alloc::vec::Vec;

use amdm_sdk::{Error, Operator, Phase, StepContext};

pub(crate) struct Ramp {
    first: f64,
    last: f64,
    /// Each lane's guidance before the first step.
    own: Vec<f64>,
}

impl Ramp {
    pub(crate) fn new(first: f64, last: f64) -> Self {
        Self { first, last, own: Vec::new() }
    }

    fn factor(&self, step: u32, steps: u32) -> f64 {
        let way = f64::from(step) / f64::from(steps.saturating_sub(1).max(1));
        self.first + (self.last - self.first) * way
    }
}

impl Operator for Ramp {
    fn window(&self, steps: u32, _: &[(u32, u32)]) -> (u32, u32) {
        (0, steps)
    }

    fn check(&mut self, context: &StepContext) -> Result<(), Error> {
        self.own = (0..context.lanes()).map(|lane| context.guidance(lane)).collect();
        Ok(())
    }

    fn apply(&mut self, _: Phase, context: &StepContext) -> Result<(), Error> {
        let factor = self.factor(context.index(), context.steps());
        for (lane, own) in (0..).zip(&self.own) {
            context.set_guidance(lane, own * factor);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Ramp;

    #[test]
    fn the_factor_goes_from_first_to_last() {
        let ramp = Ramp::new(1.0, 0.5);
        assert_eq!(ramp.factor(0, 5), 1.0);
        assert_eq!(ramp.factor(2, 5), 0.75);
        assert_eq!(ramp.factor(4, 5), 0.5);
        assert_eq!(ramp.factor(0, 1), 1.0);
    }
}
