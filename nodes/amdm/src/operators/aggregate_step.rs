//! `AggregateStep`: merges the lanes at every step of a window.

use alloc::boxed::Box;

use amdm::math::{self, Method};
use amdm_sdk::math::MathOperator;
use amdm_sdk::{Call, Error, Operator};

use crate::pack::aggregate_step::{Inputs, Method as Choice};

/// The operator, with the inputs as they stand.
pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Box<dyn Operator>, Error> {
    Ok(Box::new(MathOperator(math::AggregateStep {
        method: method(inputs.method),
        weight: inputs.weight,
        start: inputs.start,
        end: inputs.end,
        source: inputs.source,
        guidance_after: inputs.guidance_after,
    })))
}

fn method(choice: Choice) -> Method {
    match choice {
        Choice::Slerp => Method::Slerp,
        Choice::Normalized => Method::Normalized,
        Choice::Spherical => Method::Spherical,
        Choice::MeanNoise => Method::MeanNoise,
        Choice::Linear => Method::Linear,
        Choice::EpsAverage => Method::EpsAverage,
        Choice::Compose => Method::Compose,
        Choice::Handoff => Method::Handoff,
        Choice::Official => Method::Official,
    }
}
