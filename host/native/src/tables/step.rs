//! Interface `sampling` of the contract: a step's state.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use std::ffi::c_char;

use super::{AmdmNoiseLevel, fill, level, nothing, part_of};
use crate::context::{AmdmContext, tensor, within};
use crate::layout::{put, text};
use crate::status::AmdmStatus;
use crate::tensor::AmdmTensor;

/// The state of a sampling at one step, as step operators see it.
///
/// A step of a lane goes from the level `now` to `next` in the phases `AMDM_PHASE_*`. Tensors that are set are
/// given away; all of a lane's have its latent's shape.
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
    /// Cumulative alphas of the training steps; none for flow models. Writes at most `capacity` of them, and how
    /// many there are.
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
    /// The noise in the input as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is `AMDM_PART_*`.
    pub epsilon: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        lane: u32,
        part: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The clean latent as the lane sees it, from `AMDM_PHASE_PREDICTED` on; `part` is `AMDM_PART_*`.
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
    /// A tensor that an operator of the chain left in this step. `AMDM_STATUS_EMPTY` where there is none.
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

pub(crate) static STEP: AmdmStepApi = AmdmStepApi {
    struct_size: size_of::<AmdmStepApi>(),
    index: step_index,
    steps: step_steps,
    lanes: step_lanes,
    target: step_target,
    set_target: step_set_target,
    weight: step_weight,
    set_weight: step_set_weight,
    guidance: step_guidance,
    set_guidance: step_set_guidance,
    refine: step_refine,
    set_refine: step_set_refine,
    wanted: step_wanted,
    stochastic: step_stochastic,
    now: step_now,
    next: step_next,
    alphas_cumprod: step_alphas_cumprod,
    active: step_active,
    set_active: step_set_active,
    input: step_input,
    set_input: step_set_input,
    epsilon: step_epsilon,
    denoised: step_denoised,
    has_prediction: step_has_prediction,
    set_epsilon: step_set_epsilon,
    set_denoised: step_set_denoised,
    mean: step_mean,
    latent: step_latent,
    set_latent: step_set_latent,
    rewritten: step_rewritten,
    slot: step_slot,
    set_slot: step_set_slot,
    trace: step_trace,
    cancelled: step_cancelled,
};

unsafe extern "C" fn step_index(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.index(), "the answer") })
}

unsafe extern "C" fn step_steps(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.steps(), "the answer") })
}

unsafe extern "C" fn step_lanes(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.lanes(), "the answer") })
}

unsafe extern "C" fn step_target(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.target(), "the answer") })
}

unsafe extern "C" fn step_set_target(ctx: *mut AmdmContext, lane: u32) -> AmdmStatus {
    within(ctx, |c| {
        c.step()?.set_target(lane);
        Ok(())
    })
}

unsafe extern "C" fn step_weight(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.weight(lane), "the answer") })
}

unsafe extern "C" fn step_set_weight(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus {
    within(ctx, |c| {
        c.step()?.set_weight(lane, value);
        Ok(())
    })
}

unsafe extern "C" fn step_guidance(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.guidance(lane), "the answer") })
}

unsafe extern "C" fn step_set_guidance(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus {
    within(ctx, |c| {
        c.step()?.set_guidance(lane, value);
        Ok(())
    })
}

unsafe extern "C" fn step_refine(ctx: *mut AmdmContext, lane: u32, out: *mut f64) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.refine(lane), "the answer") })
}

unsafe extern "C" fn step_set_refine(ctx: *mut AmdmContext, lane: u32, value: f64) -> AmdmStatus {
    within(ctx, |c| {
        c.step()?.set_refine(lane, value);
        Ok(())
    })
}

unsafe extern "C" fn step_wanted(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.wanted(lane).into(), "the answer") })
}

unsafe extern "C" fn step_stochastic(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.stochastic().into(), "the answer") })
}

unsafe extern "C" fn step_now(ctx: *mut AmdmContext, out: *mut AmdmNoiseLevel) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, level(c.step()?.now()), "the level") })
}

unsafe extern "C" fn step_next(ctx: *mut AmdmContext, out: *mut AmdmNoiseLevel) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, level(c.step()?.next()), "the level") })
}

unsafe extern "C" fn step_alphas_cumprod(
    ctx: *mut AmdmContext,
    out: *mut f32,
    capacity: usize,
    count: *mut usize,
) -> AmdmStatus {
    within(ctx, |c| {
        let alphas = c.step()?.alphas_cumprod();
        unsafe { fill(&alphas, out, capacity, count) }
    })
}

unsafe extern "C" fn step_active(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.active(lane).into(), "the answer") })
}

unsafe extern "C" fn step_set_active(ctx: *mut AmdmContext, lane: u32, value: u32) -> AmdmStatus {
    within(ctx, |c| {
        c.step()?.set_active(lane, value != 0);
        Ok(())
    })
}

unsafe extern "C" fn step_input(
    ctx: *mut AmdmContext,
    lane: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.step()?.input(lane)?)) }
}

unsafe extern "C" fn step_set_input(
    ctx: *mut AmdmContext,
    lane: u32,
    value: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_input(lane, value)?)
    })
}

unsafe extern "C" fn step_epsilon(
    ctx: *mut AmdmContext,
    lane: u32,
    part: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.step()?.epsilon(lane, part_of(part)?)?)) }
}

unsafe extern "C" fn step_denoised(
    ctx: *mut AmdmContext,
    lane: u32,
    part: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.step()?.denoised(lane, part_of(part)?)?)) }
}

unsafe extern "C" fn step_has_prediction(
    ctx: *mut AmdmContext,
    lane: u32,
    out: *mut u32,
) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.has_prediction(lane).into(), "the answer") })
}

unsafe extern "C" fn step_set_epsilon(
    ctx: *mut AmdmContext,
    lane: u32,
    value: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_epsilon(lane, value)?)
    })
}

unsafe extern "C" fn step_set_denoised(
    ctx: *mut AmdmContext,
    lane: u32,
    value: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_denoised(lane, value)?)
    })
}

unsafe extern "C" fn step_mean(
    ctx: *mut AmdmContext,
    lane: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |c| {
            c.step()?.mean(lane).ok_or_else(|| nothing("mean of lane", &lane.to_string()))
        })
    }
}

unsafe extern "C" fn step_latent(
    ctx: *mut AmdmContext,
    lane: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| Ok(c.step()?.latent(lane)?)) }
}

unsafe extern "C" fn step_set_latent(
    ctx: *mut AmdmContext,
    lane: u32,
    value: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_latent(lane, value)?)
    })
}

unsafe extern "C" fn step_rewritten(ctx: *mut AmdmContext, lane: u32, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.step()?.rewritten(lane).into(), "the answer") })
}

unsafe extern "C" fn step_slot(
    ctx: *mut AmdmContext,
    name: *const c_char,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |c| {
            let name = text(name, "name")?;
            c.step()?.slot(name).ok_or_else(|| nothing("slot", name))
        })
    }
}

unsafe extern "C" fn step_set_slot(
    ctx: *mut AmdmContext,
    name: *const c_char,
    value: *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        let value = c.take_tensor(value)?;
        Ok(c.step()?.set_slot(unsafe { text(name, "name")? }, value)?)
    })
}

unsafe extern "C" fn step_trace(
    ctx: *mut AmdmContext,
    name: *const c_char,
    lane: i32,
    value: f64,
) -> AmdmStatus {
    within(ctx, |c| {
        let lane = u32::try_from(lane).ok();
        c.step()?.trace(unsafe { text(name, "name")? }, lane, value);
        Ok(())
    })
}

unsafe extern "C" fn step_cancelled(ctx: *mut AmdmContext, out: *mut u32) -> AmdmStatus {
    within(ctx, |c| unsafe { put(out, c.cancelled().into(), "the answer") })
}
