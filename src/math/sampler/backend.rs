//! What the step loop asks for, as a guest or the native host answers it.

use alloc::vec::Vec;

use super::{Draw, LaneRequest};
use crate::error::{Code, Error};
use crate::math::{Checkpoint, Phase, Prediction, StepContext, Tensor};

/// Networks, noise, operators and reporting, as a guest or the native host has them.
pub trait Backend {
    /// What latents are.
    type Tensor: Tensor;
    /// The shared state of a step.
    type Context: StepContext<Tensor = Self::Tensor>;

    /// The state of a run, with the defaults of [`StepState::new`](crate::math::StepState::new).
    fn context(
        &mut self,
        lanes: u32,
        steps: u32,
        alphas_cumprod: &[f64],
    ) -> Result<Self::Context, Error>;
    /// Starts the operators for a run of `steps`; the first step that none of them wants.
    fn open_policy(&mut self, steps: u32) -> Result<u32, Error>;
    /// Whether an operator whose window holds `step` wants parts.
    fn wants_parts(&mut self, step: u32) -> bool;
    /// Asks every operator whether it can do what the context says.
    fn check(&mut self, context: &Self::Context) -> Result<(), Error>;
    /// Lets the operators act.
    fn apply(&mut self, phase: Phase, context: &Self::Context) -> Result<(), Error>;
    /// All predictions of a step, in the order of `requests`.
    fn predict(
        &mut self,
        requests: &[LaneRequest<'_, Self::Tensor>],
        parts: bool,
    ) -> Result<Vec<Prediction<Self::Tensor>>, Error>;
    /// The next standard normal values of the lane for such a use.
    fn noise(&mut self, lane: u32, shape: &[u32], draw: Draw) -> Result<Self::Tensor, Error>;
    /// The increment of the lane's Brownian motion between two sigmas, over the root of their
    /// difference; `span` are the smallest and the largest sigma above 0 of the run. Samplers
    /// without such noise never ask.
    fn between(
        &mut self,
        _lane: u32,
        _shape: &[u32],
        _span: (f64, f64),
        _sigmas: (f64, f64),
    ) -> Result<Self::Tensor, Error> {
        Err(Error::new(Code::Unsupported, "there is no Brownian noise here"))
    }
    /// The values of a tensor of shape `[batch]`; only samplers that choose their steps ask.
    fn read(&mut self, _tensor: &Self::Tensor) -> Result<Vec<f64>, Error> {
        Err(Error::new(Code::Unsupported, "no values can be read here"))
    }
    /// What a run of the same work kept last before it was broken off. `size` is how many lanes and
    /// steps there are, `shape` a latent's. By default nothing is kept.
    fn resume(
        &mut self,
        _size: (u32, u32),
        _shape: &[u32],
    ) -> Result<Option<Checkpoint<Self::Tensor>>, Error> {
        Ok(None)
    }
    /// Whether to keep a checkpoint before step `next`: nothing but what it holds must matter from
    /// there on, operators included.
    fn wants_checkpoint(&mut self, _next: u32) -> bool {
        false
    }
    /// Keeps a checkpoint in place of the last one.
    fn keep(&mut self, _checkpoint: &Checkpoint<Self::Tensor>) -> Result<(), Error> {
        Ok(())
    }
    /// `done` of `total` network calls are behind, each with all lanes; the context is still in
    /// the step that they are of.
    fn progress(&mut self, done: u32, total: u32, context: &Self::Context) -> Result<(), Error>;
}
