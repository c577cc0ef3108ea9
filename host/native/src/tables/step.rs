//! Interface `sampling` of the contract: a step's state.

use std::ffi::c_char;

use super::{AmdmNoiseLevel, fill, level, nothing, part_of};
use crate::context::AmdmContext;
use crate::layout::{put, text};
use crate::status::AmdmStatus;
use crate::tensor::AmdmTensor;

/// The state of a sampling at one step, as step operators see it.
///
/// A step of a lane goes from the level `now` to `next` in the phases `AMDM_PHASE_*`. Tensors that
/// are set are given away; all of a lane's have its latent's shape.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmStepApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// The step, counted from 0.
    pub index: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// Steps of the sampling.
    pub steps: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// Lanes of the sampling.
    pub lanes: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// The lane whose image is wanted; with several, the first.
    pub target: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// Chooses the target; a lane that is not there is passed over.
    pub set_target: unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32) -> AmdmStatus,
    /// The lane's share.
    pub weight: unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus,
    /// Sets the lane's share.
    pub set_weight:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus,
    /// The lane's guidance.
    pub guidance:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus,
    /// Sets the lane's guidance until set again; read after `AMDM_PHASE_PREPARE`.
    pub set_guidance:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus,
    /// The lane's multiplier of a refinement's radius.
    pub refine: unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus,
    /// Sets that multiplier.
    pub set_refine:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus,
    /// 1 where the graph uses the lane's result, else 0.
    pub wanted: unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus,
    /// 1 where the solver adds noise, so that means are there, else 0.
    pub stochastic: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
    /// The level that the step starts from.
    pub now: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut AmdmNoiseLevel) -> AmdmStatus,
    /// The level that the step leads to.
    pub next: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut AmdmNoiseLevel) -> AmdmStatus,
    /// Cumulative alphas of the training steps; none for flow models. Writes at most `capacity` of
    /// them, and how many there are.
    pub alphas_cumprod: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        out: *mut f32,
        capacity: usize,
        count: *mut usize,
    ) -> AmdmStatus,
    /// 1 where the lane's network runs in this step, else 0.
    pub active: unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus,
    /// Switches the lane's network on (1) or off (0) for this step.
    pub set_active:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, value: u32) -> AmdmStatus,
    /// The latent that enters the step.
    pub input: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Replaces it, in `AMDM_PHASE_PREPARE`.
    pub set_input: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        value: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The noise in the input as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is
    /// `AMDM_PART_*`.
    pub epsilon: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        part: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The clean latent as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is
    /// `AMDM_PART_*`.
    pub denoised: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        part: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// 1 where the lane has a prediction in this step, else 0: operators pass over the rest.
    pub has_prediction:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus,
    /// Replaces the guided prediction by its noise.
    pub set_epsilon: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        value: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Replaces the guided prediction by its clean latent.
    pub set_denoised: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        value: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// In `AMDM_PHASE_STEPPED`, with a stochastic solver: the latent before the noise was added.
    /// `AMDM_STATUS_EMPTY` where there is none.
    pub mean: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// In `AMDM_PHASE_STEPPED` the latent that leaves the step.
    pub latent: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Replaces it.
    pub set_latent: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        value: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// 1 where an operator replaced the lane's input or latent in this step, else 0.
    pub rewritten:
        unsafe extern "C" fn(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus,
    /// A tensor that an operator of the chain left in this step. `AMDM_STATUS_EMPTY` where there is
    /// none.
    pub slot: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Leaves a tensor to the operators behind, in this step.
    pub set_slot: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        value: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Notes a number, for example an angle, in the log; `lane` is -1 where it is about none.
    pub trace: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        name: *const c_char,
        lane: i32,
        value: f64,
    ) -> AmdmStatus,
    /// Writes 1 once the run is being stopped, else 0.
    pub cancelled: unsafe extern "C" fn(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus,
}

/// Writes what the step says.
macro_rules! get {
    ($get:ident: $type:ty) => {
        function!(|c, out: *mut $type| put(out, c.step()?.$get().into(), "the answer"))
    };
}

/// Writes what the step says about a lane.
macro_rules! lane_get {
    ($get:ident: $type:ty) => {
        function!(|c, lane: u32, out: *mut $type| {
            put(out, c.step()?.$get(lane).into(), "the answer")
        })
    };
}

/// Sets a number of a lane.
macro_rules! lane_set {
    ($set:ident: $type:ty) => {
        function!(|c, lane: u32, value: $type| {
            c.step()?.$set(lane, value);
            Ok(())
        })
    };
}

/// Sets a tensor of a lane, which is given away.
macro_rules! lane_give {
    ($set:ident) => {
        function!(|c, lane: u32, value: *mut AmdmTensor| {
            let value = c.take_tensor(value)?;
            Ok(c.step()?.$set(lane, value)?)
        })
    };
}

pub(crate) static STEP: AmdmStepApi = AmdmStepApi {
    struct_size: size_of::<AmdmStepApi>(),
    index: get!(index: u32),
    steps: get!(steps: u32),
    lanes: get!(lanes: u32),
    target: get!(target: u32),
    set_target: function!(|c, lane: u32| {
        c.step()?.set_target(lane);
        Ok(())
    }),
    weight: lane_get!(weight: f64),
    set_weight: lane_set!(set_weight: f64),
    guidance: lane_get!(guidance: f64),
    set_guidance: lane_set!(set_guidance: f64),
    refine: lane_get!(refine: f64),
    set_refine: lane_set!(set_refine: f64),
    wanted: lane_get!(wanted: u32),
    stochastic: get!(stochastic: u32),
    now: function!(|c, out: *mut AmdmNoiseLevel| put(out, level(c.step()?.now()), "the level")),
    next: function!(|c, out: *mut AmdmNoiseLevel| put(out, level(c.step()?.next()), "the level")),
    alphas_cumprod: function!(|c, out: *mut f32, capacity: usize, count: *mut usize| {
        let alphas = c.step()?.alphas_cumprod();
        let alphas = alphas.into_iter().map(|alpha| alpha as f32).collect::<Vec<_>>();
        fill(&alphas, out, capacity, count)
    }),
    active: lane_get!(active: u32),
    set_active: function!(|c, lane: u32, value: u32| {
        c.step()?.set_active(lane, value != 0);
        Ok(())
    }),
    input: tensor!(|c, lane: u32| c.step()?.input(lane)),
    set_input: lane_give!(set_input),
    epsilon: tensor!(|c, lane: u32, part: u32| c.step()?.epsilon(lane, part_of(part)?)),
    denoised: tensor!(|c, lane: u32, part: u32| c.step()?.denoised(lane, part_of(part)?)),
    has_prediction: lane_get!(has_prediction: u32),
    set_epsilon: lane_give!(set_epsilon),
    set_denoised: lane_give!(set_denoised),
    mean: tensor!(|c, lane: u32| {
        c.step()?.mean(lane).ok_or_else(|| nothing("mean of lane", &lane.to_string()))
    }),
    latent: tensor!(|c, lane: u32| c.step()?.latent(lane)),
    set_latent: lane_give!(set_latent),
    rewritten: lane_get!(rewritten: u32),
    slot: tensor!(|c, name: *const c_char| {
        let name = text(name, "name")?;
        c.step()?.slot(name).ok_or_else(|| nothing("slot", name))
    }),
    set_slot: function!(|c, name: *const c_char, value: *mut AmdmTensor| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_slot(text(name, "name")?, value)?)
    }),
    trace: function!(|c, name: *const c_char, lane: i32, value: f64| {
        c.step()?.trace(text(name, "name")?, u32::try_from(lane).ok(), value);
        Ok(())
    }),
    cancelled: function!(|c, out: *mut u32| put(out, c.cancelled().into(), "the answer")),
};
