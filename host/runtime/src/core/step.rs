//! A sampling's state, as samplers and step operators see it. The rules of the state itself live in
//! [`StepState`]; here it gets a lock, bounds, and who looks at it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::error::{Code, Error};
use amdm::math::{self, NoiseLevel, Part, Prediction, PredictionKind, StepState, Tensor as _};
use amdm_diffusion::Tensor;

use super::Access;
use super::text::clean;
use crate::budget::{Grant, Storage};

/// Bytes that a lane takes without its tensors.
const LANE: usize = 4096;
/// Bytes that the slots take without their values: as many as there may be, with their names.
const SLOTS: usize = math::state::SLOTS * (NAME + OVERHEAD);
/// Bytes that a tensor takes beside its values.
const OVERHEAD: usize = 256;
/// Bytes of a slot's name.
const NAME: usize = 256;

/// Lanes, levels, predictions and latents of one step, as one node sees them; clones are the same
/// state.
#[derive(Clone)]
pub struct StepView {
    access: Access,
    sampling: Arc<Sampling>,
}

/// The state that a sampler and its step operators share.
struct Sampling {
    state: Mutex<StepState<Tensor>>,
    /// Of the state without its tensors.
    bytes: usize,
    tensors: Mutex<Tensors>,
}

/// What a sampling's tensors keep alive. Counted exactly only where the estimate outgrows the
/// grant: a step writes tens of tensors, most of them in place of others.
struct Tensors {
    /// At least the bytes of all storages.
    estimate: usize,
    grant: Grant,
}

impl StepView {
    /// The state of a sampling that the node behind `access` begins. `alphas` are the cumulative
    /// alphas of the training steps; empty for flow models.
    ///
    /// # Errors
    /// `limit_exceeded` for more lanes than there may be.
    pub(crate) fn new(
        access: &Access,
        lanes: u32,
        steps: u32,
        alphas: Vec<f64>,
    ) -> Result<Self, Error> {
        let state = StepState::new(lanes, steps, alphas)?;
        let bytes = LANE * state.lanes() as usize + SLOTS + size_of_val(state.alphas_cumprod());
        let tensors = Tensors { estimate: 0, grant: Grant::new(&access.job.tensors) };
        let (state, tensors) = (Mutex::new(state), Mutex::new(tensors));
        let sampling = Arc::new(Sampling { state, bytes, tensors });
        Ok(Self { access: access.clone(), sampling })
    }

    /// The same state as another node sees it.
    pub(crate) fn of(&self, access: &Access) -> Self {
        Self { access: access.clone(), sampling: self.sampling.clone() }
    }

    /// What the node that looks may ask of the host.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The host memory of the state itself, without its tensors.
    pub(crate) fn storage(&self) -> Storage {
        (Arc::as_ptr(&self.sampling).addr(), self.sampling.bytes)
    }

    /// Exclusive use for one rule; a panic elsewhere does not close it.
    fn lock(&self) -> MutexGuard<'_, StepState<Tensor>> {
        self.sampling.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a tensor of `bytes`, within the run's budget and what a sampling may hold.
    fn reserve(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.access.job.limits.node_tensor_bytes;
        let mut tensors = self.sampling.tensors.lock().unwrap_or_else(PoisonError::into_inner);
        let estimate = tensors.estimate.saturating_add(bytes);
        if estimate <= tensors.grant.bytes() {
            tensors.estimate = estimate;
            return Ok(());
        }
        let mut held = self.lock().tensors().map(Tensor::storage).collect::<Vec<_>>();
        held.sort_unstable();
        held.dedup();
        let exact = held.iter().fold(bytes, |sum, (_, bytes)| sum.saturating_add(*bytes));
        if exact > limit {
            let message = format!(
                "the sampling would hold {exact} bytes of tensors, at most {limit} are given"
            );
            return Err(Error::new(Code::LimitExceeded, message));
        }
        // Twice as much, so that the next count is as far away; less where there is no more.
        let ample = exact.saturating_mul(2).min(limit);
        tensors.grant.resize(ample).or_else(|_| tensors.grant.resize(exact))?;
        tensors.estimate = exact;
        Ok(())
    }

    /// A form of a prediction; it is made at the first call and kept.
    fn form(
        &self,
        lane: u32,
        f: impl FnOnce(&mut StepState<Tensor>) -> Result<Tensor, Error>,
    ) -> Result<Tensor, Error> {
        let bytes = self.lock().input(lane).map_or(0, |input| input.bytes());
        self.reserve(bytes)?;
        f(&mut self.lock())
    }

    /// Hands a tensor of `lane` over. All of a lane's tensors are shaped as its latent, so that the
    /// one who gives another is told, not the one who meets it later.
    fn give(
        &self,
        lane: u32,
        value: Tensor,
        f: impl FnOnce(&mut StepState<Tensor>, Tensor) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let value = value.compact()?;
        self.reserve(value.bytes())?;
        let mut state = self.lock();
        fits(&state, lane, &value)?;
        f(&mut state, value)
    }

    /// Does `work` as the work of a step operator: what it replaces counts as rewritten.
    pub(super) fn as_operator<T>(&self, work: impl FnOnce() -> T) -> T {
        self.lock().enter_operator();
        let result = work();
        self.lock().leave_operator();
        result
    }

    /// Begins step `index`, which leads from one level to another.
    ///
    /// # Errors
    /// `denied` to a step operator: only a sampler begins steps.
    pub(crate) fn begin(&self, index: u32, now: NoiseLevel, next: NoiseLevel) -> Result<(), Error> {
        if self.access.is_operator() {
            let message = "a step operator began a step, which only a sampler can";
            return Err(Error::new(Code::Denied, message));
        }
        self.lock().begin(index, now, next);
        Ok(())
    }

    /// Whether the run is being stopped.
    pub fn cancelled(&self) -> bool {
        self.access.cancelled()
    }

    /// The step, from 0.
    pub fn index(&self) -> u32 {
        self.lock().index()
    }

    /// Steps of the sampling.
    pub fn steps(&self) -> u32 {
        self.lock().steps()
    }

    /// Lanes of the sampling.
    pub fn lanes(&self) -> u32 {
        self.lock().lanes()
    }

    /// The lane whose image is wanted; with several, the first.
    pub fn target(&self) -> u32 {
        self.lock().target()
    }

    /// Chooses the target; a lane that is not there is passed over.
    pub fn set_target(&self, lane: u32) {
        self.lock().set_target(lane);
    }

    /// The lane's share; 0 for one that is not there.
    pub fn weight(&self, lane: u32) -> f64 {
        self.lock().weight(lane)
    }

    /// Sets the lane's share.
    pub fn set_weight(&self, lane: u32, weight: f64) {
        self.lock().set_weight(lane, weight);
    }

    /// The lane's guidance.
    pub fn guidance(&self, lane: u32) -> f64 {
        self.lock().guidance(lane)
    }

    /// Sets the lane's guidance until set again; the sampler reads it after `prepare`.
    pub fn set_guidance(&self, lane: u32, guidance: f64) {
        self.lock().set_guidance(lane, guidance);
    }

    /// The lane's multiplier of a refinement's radius.
    pub fn refine(&self, lane: u32) -> f64 {
        self.lock().refine(lane)
    }

    /// Sets that multiplier.
    pub fn set_refine(&self, lane: u32, refine: f64) {
        self.lock().set_refine(lane, refine);
    }

    /// Whether the graph uses the lane's result.
    pub fn wanted(&self, lane: u32) -> bool {
        self.lock().wanted(lane)
    }

    /// Says whether the graph uses the lane's result; the sampler does, before the first step.
    pub(crate) fn set_wanted(&self, lane: u32, wanted: bool) {
        self.lock().set_wanted(lane, wanted);
    }

    /// Whether the solver adds noise, so that means are there.
    pub fn stochastic(&self) -> bool {
        self.lock().stochastic()
    }

    /// Says whether the solver adds noise; the sampler does, before the first step.
    pub(crate) fn set_stochastic(&self, stochastic: bool) {
        self.lock().set_stochastic(stochastic);
    }

    /// Where the step starts.
    pub fn now(&self) -> NoiseLevel {
        self.lock().now()
    }

    /// Where it leads.
    pub fn next(&self) -> NoiseLevel {
        self.lock().next()
    }

    /// Cumulative alphas of the training steps; empty for flow models.
    pub fn alphas_cumprod(&self) -> Vec<f64> {
        self.lock().alphas_cumprod().to_vec()
    }

    /// Whether the lane's network runs in this step.
    pub fn active(&self, lane: u32) -> bool {
        self.lock().active(lane)
    }

    /// Switches the lane's network on or off for this step.
    pub fn set_active(&self, lane: u32, active: bool) {
        self.lock().set_active(lane, active);
    }

    /// The latent that enters the step.
    ///
    /// # Errors
    /// `invalid_input` for a lane that is not there, or before the first step.
    pub fn input(&self, lane: u32) -> Result<Tensor, Error> {
        self.lock().input(lane)
    }

    /// Replaces it, in `prepare`.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's, or once the lane has a prediction.
    pub fn set_input(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        self.give(lane, value, |state, value| state.set_input(lane, value))
    }

    /// Hands over what the lane's network gave, in the kind that it gives.
    ///
    /// # Errors
    /// `invalid_input` for a lane that is not there or another shape than the lane's,
    /// `limit_exceeded`.
    pub(crate) fn set_prediction(
        &self,
        lane: u32,
        kind: PredictionKind,
        given: Prediction<Tensor>,
    ) -> Result<(), Error> {
        let compact = |part: Option<Tensor>| part.map(Tensor::compact).transpose();
        let conditional = compact(given.conditional)?;
        let unconditional = compact(given.unconditional)?;
        let guided = given.guided.compact()?;
        let prediction = Prediction { guided, conditional, unconditional };
        let bytes = parts(&prediction).map(Tensor::bytes).fold(0, usize::saturating_add);
        self.reserve(bytes)?;
        let mut state = self.lock();
        parts(&prediction).try_for_each(|tensor| fits(&state, lane, tensor))?;
        state.set_prediction(lane, kind, prediction)
    }

    /// The noise in the input as the lane sees it, from `predicted` on.
    ///
    /// # Errors
    /// `invalid_input` where there is no such prediction, or the level does not determine it.
    pub fn epsilon(&self, lane: u32, part: Part) -> Result<Tensor, Error> {
        self.form(lane, |state| state.epsilon(lane, part))
    }

    /// The clean latent as the lane sees it, from `predicted` on.
    ///
    /// # Errors
    /// As [`epsilon`](Self::epsilon).
    pub fn denoised(&self, lane: u32, part: Part) -> Result<Tensor, Error> {
        self.form(lane, |state| state.denoised(lane, part))
    }

    /// Whether the lane has a prediction in this step.
    pub fn has_prediction(&self, lane: u32) -> bool {
        self.lock().has_prediction(lane)
    }

    /// Replaces the guided prediction by its noise.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's, or where the signal is 0.
    pub fn set_epsilon(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        self.give(lane, value, |state, value| state.set_epsilon(lane, value))
    }

    /// Replaces the guided prediction by its clean latent.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's.
    pub fn set_denoised(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        self.give(lane, value, |state, value| state.set_denoised(lane, value))
    }

    /// In `stepped`, with a stochastic solver: the latent before the noise was added.
    pub fn mean(&self, lane: u32) -> Option<Tensor> {
        self.lock().mean(lane)
    }

    /// Sets the latent before the noise was added; the sampler does.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's, `limit_exceeded`.
    pub(crate) fn set_mean(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        self.give(lane, value, |state, value| state.set_mean(lane, value))
    }

    /// In `stepped` the latent that leaves the step.
    ///
    /// # Errors
    /// `invalid_input` for a lane that is not there.
    pub fn latent(&self, lane: u32) -> Result<Tensor, Error> {
        self.lock().latent(lane)
    }

    /// Replaces it.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's.
    pub fn set_latent(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        self.give(lane, value, |state, value| state.set_latent(lane, value))
    }

    /// Whether an operator replaced the lane's input or latent in this step.
    pub fn rewritten(&self, lane: u32) -> bool {
        self.lock().rewritten(lane)
    }

    /// A tensor that an operator of the chain left in this step.
    pub fn slot(&self, name: &str) -> Option<Tensor> {
        self.lock().slot(name)
    }

    /// Leaves a tensor to the operators behind, in this step.
    ///
    /// # Errors
    /// `limit_exceeded`.
    pub fn set_slot(&self, name: &str, value: Tensor) -> Result<(), Error> {
        let value = value.compact()?;
        if name.len() > NAME {
            let found = name.len();
            let message = format!("found a slot's name of {found} bytes, at most {NAME} are kept");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        self.reserve(value.bytes())?;
        self.lock().set_slot(name, value);
        Ok(())
    }

    /// Notes a number, for example a norm or an angle, in the log.
    pub fn trace(&self, name: &str, lane: Option<u32>, value: f64) {
        let (node, step, name) = (self.access.node(), self.index(), clean(name));
        tracing::debug!(%node, step, lane, name, value, "trace");
    }
}

/// Fails unless a tensor of `lane` is shaped as its latent, where it has one.
fn fits(state: &StepState<Tensor>, lane: u32, value: &Tensor) -> Result<(), Error> {
    let found = value.shape();
    match state.latent(lane) {
        Ok(latent) if latent.shape() != found => Err(Error::invalid(format!(
            "found a tensor {found:?} for lane {lane}, expected its latent's shape {:?}",
            latent.shape()
        ))),
        _ => Ok(()),
    }
}

/// The tensors of a prediction.
fn parts(prediction: &Prediction<Tensor>) -> impl Iterator<Item = &Tensor> {
    let others = [&prediction.conditional, &prediction.unconditional];
    others.into_iter().flatten().chain([&prediction.guided])
}
