//! What step operators and samplers see of a sampling step.
//!
//! [`StepContext`] has the methods of the resource `step-context` in `wit/sampling.wit`, with the same
//! meaning: a guest implements it over the handle, the native host over
//! [`StepState`](super::StepState). Lanes count from 0. Getters without a result answer 0 or false
//! for a lane that is not there, and setters without a result pass over it; the others fail.

use alloc::vec::Vec;

use super::Tensor;
use crate::error::Error;

/// A latent on the forward process: `x = signal * x0 + noise * epsilon`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseLevel {
    /// In training steps, 0 to 999, fractions allowed; in [0, 1] for flow models.
    pub timestep: f64,
    /// Factor of the clean latent, 0 to 1.
    pub signal: f64,
    /// Factor of the unit noise, 0 to 1.
    pub noise: f64,
}

table! { ($)
    /// The three moments of a step in which operators act, in this order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Phase in math, mirrored by phases {
        /// Before the networks run.
        Prepare = "prepare",
        /// Predictions are there.
        Predicted = "predicted",
        /// The solver has moved the latents.
        Stepped = "stepped",
    }
}

table! { ($)
    /// Which prediction of a lane.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Part in math, mirrored by parts {
        /// `unconditional + guidance * (conditional - unconditional)`.
        Guided = "guided",
        /// With the lane's conditioning.
        Conditional = "conditional",
        /// Without it; missing where a lane runs with guidance 1 and nobody asked for parts.
        Unconditional = "unconditional",
    }
}

table! { ($)
    /// What a network's output means.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum PredictionKind in math, mirrored by prediction_kinds {
        /// The unit noise in the latent.
        Epsilon = "epsilon",
        /// `signal * epsilon - noise * x0`, on a variance-preserving process.
        Velocity = "velocity",
        /// The clean latent.
        Sample = "sample",
        /// `epsilon - x0`, the velocity of a rectified flow.
        Flow = "flow",
    }
}

/// What a network said about one lane, all parts in the model's own kind.
#[derive(Clone, Debug)]
pub struct Prediction<T> {
    /// `unconditional + guidance * (conditional - unconditional)`.
    pub guided: T,
    /// The conditional part, where asked for.
    pub conditional: Option<T>,
    /// The unconditional part, where asked for.
    pub unconditional: Option<T>,
}

/// The state of one step, shared between the sampler and the operators plugged into it.
pub trait StepContext {
    /// What latents and predictions are.
    type Tensor: Tensor;

    /// The sampler starts a step: forgets inputs, predictions, means, slots, activity and rewrites
    /// of the last one; latents, weights, guidance and target stay.
    fn begin(&self, index: u32, now: NoiseLevel, next: NoiseLevel);
    /// The step, from 0.
    fn index(&self) -> u32;
    /// Steps of the run.
    fn steps(&self) -> u32;
    /// Lanes of the run.
    fn lanes(&self) -> u32;
    /// The lane whose image is wanted; with several, the first.
    fn target(&self) -> u32;
    /// Chooses the target.
    fn set_target(&self, lane: u32);
    /// The lane's share among the lanes that are not the target, at least 0.
    fn weight(&self, lane: u32) -> f64;
    /// Sets the lane's share.
    fn set_weight(&self, lane: u32, weight: f64);
    /// The lane's guidance; 1 is the conditional prediction alone.
    fn guidance(&self, lane: u32) -> f64;
    /// Holds until set again; the sampler reads it after `prepare`.
    fn set_guidance(&self, lane: u32, guidance: f64);
    /// Multiplies the radius of a refinement for this lane.
    fn refine(&self, lane: u32) -> f64;
    /// Sets that multiplier.
    fn set_refine(&self, lane: u32, refine: f64);
    /// Whether the graph uses this lane's result.
    fn wanted(&self, lane: u32) -> bool;
    /// Sets whether the graph uses this lane's result.
    fn set_wanted(&self, lane: u32, wanted: bool);
    /// Whether the solver adds noise, so that [`mean`](Self::mean) is there.
    fn stochastic(&self) -> bool;
    /// Sets whether the solver adds noise.
    fn set_stochastic(&self, stochastic: bool);
    /// Where the step starts.
    fn now(&self) -> NoiseLevel;
    /// Where the step leads.
    fn next(&self) -> NoiseLevel;
    /// Cumulative alphas of the training steps; empty for flow models.
    fn alphas_cumprod(&self) -> Vec<f64>;
    /// Whether the lane's network runs in this step.
    fn active(&self, lane: u32) -> bool;
    /// Switching a lane off saves its passes in this step.
    fn set_active(&self, lane: u32, active: bool);
    /// The latent that enters the step, x at `now`: the lane's latent until replaced.
    fn input(&self, lane: u32) -> Result<Self::Tensor, Error>;
    /// Replaces the input; in `prepare`, before the lane has a prediction.
    fn set_input(&self, lane: u32, value: Self::Tensor) -> Result<(), Error>;
    /// The sampler hands over what the network said.
    fn set_prediction(
        &self,
        lane: u32,
        kind: PredictionKind,
        value: Prediction<Self::Tensor>,
    ) -> Result<(), Error>;
    /// From `predicted` on: the noise in the input as the lane sees it.
    fn epsilon(&self, lane: u32, part: Part) -> Result<Self::Tensor, Error>;
    /// From `predicted` on: the clean latent as the lane sees it.
    fn denoised(&self, lane: u32, part: Part) -> Result<Self::Tensor, Error>;
    /// Whether the lane has a prediction in this step; the sampler steps these lanes and no others.
    fn has_prediction(&self, lane: u32) -> bool;
    /// Replaces the guided prediction, or gives one; fails where `signal` is 0.
    fn set_epsilon(&self, lane: u32, value: Self::Tensor) -> Result<(), Error>;
    /// Replaces the guided prediction by a clean latent, or gives one.
    fn set_denoised(&self, lane: u32, value: Self::Tensor) -> Result<(), Error>;
    /// In `stepped`, with a stochastic solver: its latent before the noise was added.
    fn mean(&self, lane: u32) -> Option<Self::Tensor>;
    /// Sets that mean; fails with a deterministic solver.
    fn set_mean(&self, lane: u32, value: Self::Tensor) -> Result<(), Error>;
    /// Before the first `begin` the start; in `stepped` the latent that leaves the step.
    fn latent(&self, lane: u32) -> Result<Self::Tensor, Error>;
    /// Replaces that latent.
    fn set_latent(&self, lane: u32, value: Self::Tensor) -> Result<(), Error>;
    /// Whether an operator replaced the lane's input or latent in this step.
    fn rewritten(&self, lane: u32) -> bool;
    /// A tensor that an operator of the chain left for others in this step.
    fn slot(&self, name: &str) -> Option<Self::Tensor>;
    /// Leaves a tensor for the operators that follow in this step.
    fn set_slot(&self, name: &str, value: Self::Tensor);
    /// A number for the run's trace, for example a norm or an angle.
    fn trace(&self, name: &str, lane: Option<u32>, value: f64);
}

#[cfg(test)]
mod tests {
    use super::Phase;

    mod face {
        /// In another order, and with numbers of its own.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Phase {
            Stepped = 7,
            Predicted = 3,
            Prepare = 1,
        }
    }

    phases!(face::Phase => lift, lower);

    #[test]
    fn mirrors_go_both_ways() {
        for phase in Phase::ALL {
            assert_eq!(lift(lower(*phase)), *phase);
        }
        assert_eq!(lift(face::Phase::Stepped), Phase::Stepped);
        assert_eq!(lower(Phase::Prepare) as u8, 1);
    }
}
