//! Gradient estimation (2306.04848; `gradient_estimation`, gamma 2): Euler steps that go on by the
//! last change of the slope, and the CFG++ form.

use super::answer::combine;
use super::lms::slope;
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// One step.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    cfg_pp: bool,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let stride = step.next() - step.now();
    let seen = if cfg_pp { call.negative()? } else { &call.denoised };
    let slope = slope(step, call.start, seen)?;
    let (base, along) = if cfg_pp { (&call.denoised, step.next()) } else { (call.start, stride) };
    let mean = match memory.tensors.first() {
        Some(before) => combine(&[(base, 1.0), (&slope, along + stride), (before, -stride)])?,
        None => combine(&[(base, 1.0), (&slope, along)])?,
    };
    memory.push(slope, 1);
    Next::done(mean)
}
