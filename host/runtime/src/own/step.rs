//! A sampling's state as a native step operator sees it: interface `sampling`, resource
//! `step-context`.

use std::sync::Arc;

use amdm::error::Error;
use amdm::math::{NoiseLevel, Part};
use amdm_diffusion::Tensor;

use crate::contract::Context;
use crate::failure::NodeRef;
use crate::run::Shared;

/// Lanes, levels, predictions and latents of one step; clones are the same state.
#[derive(Clone)]
pub struct StepView {
    run: Arc<Shared>,
    node: NodeRef,
    context: Context,
}

impl StepView {
    pub(crate) fn new(run: &Arc<Shared>, node: &NodeRef, context: &Context) -> Self {
        Self { run: run.clone(), node: node.clone(), context: context.clone() }
    }

    fn limit(&self) -> usize {
        self.run.limits.node_tensor_bytes
    }

    /// Whether the run is being stopped.
    pub fn cancelled(&self) -> bool {
        self.run.cancel.is_set()
    }

    /// The step, from 0.
    pub fn index(&self) -> u32 {
        self.context.lock().index()
    }

    /// Steps of the sampling.
    pub fn steps(&self) -> u32 {
        self.context.lock().steps()
    }

    /// Lanes of the sampling.
    pub fn lanes(&self) -> u32 {
        self.context.lock().lanes()
    }

    /// The lane whose image is wanted; with several, the first.
    pub fn target(&self) -> u32 {
        self.context.lock().target()
    }

    /// Chooses the target; a lane that is not there is passed over.
    pub fn set_target(&self, lane: u32) {
        self.context.lock().set_target(lane);
    }

    /// The lane's share; 0 for one that is not there.
    pub fn weight(&self, lane: u32) -> f64 {
        self.context.lock().weight(lane)
    }

    /// Sets the lane's share.
    pub fn set_weight(&self, lane: u32, weight: f64) {
        self.context.lock().set_weight(lane, weight);
    }

    /// The lane's guidance.
    pub fn guidance(&self, lane: u32) -> f64 {
        self.context.lock().guidance(lane)
    }

    /// Sets the lane's guidance until set again; the sampler reads it after `prepare`.
    pub fn set_guidance(&self, lane: u32, guidance: f64) {
        self.context.lock().set_guidance(lane, guidance);
    }

    /// The lane's multiplier of a refinement's radius.
    pub fn refine(&self, lane: u32) -> f64 {
        self.context.lock().refine(lane)
    }

    /// Sets that multiplier.
    pub fn set_refine(&self, lane: u32, refine: f64) {
        self.context.lock().set_refine(lane, refine);
    }

    /// Whether the graph uses the lane's result.
    pub fn wanted(&self, lane: u32) -> bool {
        self.context.lock().wanted(lane)
    }

    /// Whether the solver adds noise, so that means are there.
    pub fn stochastic(&self) -> bool {
        self.context.lock().stochastic()
    }

    /// Where the step starts.
    pub fn now(&self) -> NoiseLevel {
        self.context.lock().now()
    }

    /// Where it leads.
    pub fn next(&self) -> NoiseLevel {
        self.context.lock().next()
    }

    /// Cumulative alphas of the training steps; empty for flow models.
    pub fn alphas_cumprod(&self) -> Vec<f32> {
        self.context.lock().alphas_cumprod().to_vec()
    }

    /// Whether the lane's network runs in this step.
    pub fn active(&self, lane: u32) -> bool {
        self.context.lock().active(lane)
    }

    /// Switches the lane's network on or off for this step.
    pub fn set_active(&self, lane: u32, active: bool) {
        self.context.lock().set_active(lane, active);
    }

    /// The latent that enters the step.
    ///
    /// # Errors
    /// `invalid_input` for a lane that is not there, or before the first step.
    pub fn input(&self, lane: u32) -> Result<Tensor, Error> {
        self.context.lock().input(lane)
    }

    /// Replaces it, in `prepare`.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's, or once the lane has a prediction.
    pub fn set_input(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        let set = |state: &mut _, value| amdm::math::StepState::set_input(state, lane, value);
        self.context.give(lane, value, self.limit(), set)
    }

    /// The noise in the input as the lane sees it, from `predicted` on.
    ///
    /// # Errors
    /// `invalid_input` where there is no such prediction, or the level does not determine it.
    pub fn epsilon(&self, lane: u32, part: Part) -> Result<Tensor, Error> {
        self.context.form(lane, self.limit(), |state| state.epsilon(lane, part))
    }

    /// The clean latent as the lane sees it, from `predicted` on.
    ///
    /// # Errors
    /// As [`epsilon`](Self::epsilon).
    pub fn denoised(&self, lane: u32, part: Part) -> Result<Tensor, Error> {
        self.context.form(lane, self.limit(), |state| state.denoised(lane, part))
    }

    /// Whether the lane has a prediction in this step.
    pub fn has_prediction(&self, lane: u32) -> bool {
        self.context.lock().has_prediction(lane)
    }

    /// Replaces the guided prediction by its noise.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's, or where the signal is 0.
    pub fn set_epsilon(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        let set = |state: &mut _, value| amdm::math::StepState::set_epsilon(state, lane, value);
        self.context.give(lane, value, self.limit(), set)
    }

    /// Replaces the guided prediction by its clean latent.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's.
    pub fn set_denoised(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        let set = |state: &mut _, value| amdm::math::StepState::set_denoised(state, lane, value);
        self.context.give(lane, value, self.limit(), set)
    }

    /// In `stepped`, with a stochastic solver: the latent before the noise was added.
    pub fn mean(&self, lane: u32) -> Option<Tensor> {
        self.context.lock().mean(lane)
    }

    /// In `stepped` the latent that leaves the step.
    ///
    /// # Errors
    /// `invalid_input` for a lane that is not there.
    pub fn latent(&self, lane: u32) -> Result<Tensor, Error> {
        self.context.lock().latent(lane)
    }

    /// Replaces it.
    ///
    /// # Errors
    /// `invalid_input` for another shape than the lane's.
    pub fn set_latent(&self, lane: u32, value: Tensor) -> Result<(), Error> {
        let set = |state: &mut _, value| amdm::math::StepState::set_latent(state, lane, value);
        self.context.give(lane, value, self.limit(), set)
    }

    /// Whether an operator replaced the lane's input or latent in this step.
    pub fn rewritten(&self, lane: u32) -> bool {
        self.context.lock().rewritten(lane)
    }

    /// A tensor that an operator of the chain left in this step.
    pub fn slot(&self, name: &str) -> Option<Tensor> {
        self.context.lock().slot(name)
    }

    /// Leaves a tensor to the operators behind, in this step.
    ///
    /// # Errors
    /// `limit_exceeded`.
    pub fn set_slot(&self, name: &str, value: Tensor) -> Result<(), Error> {
        self.context.set_slot(name, value, self.limit())
    }

    /// Notes a number, for example a norm or an angle, in the log.
    pub fn trace(&self, name: &str, lane: Option<u32>, value: f64) {
        let (node, step, name) = (&self.node, self.index(), crate::contract::clean(name));
        tracing::debug!(%node, step, lane, name, value, "trace");
    }
}
