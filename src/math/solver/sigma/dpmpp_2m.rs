//! DPM-Solver++ 2M (2211.01095; k-diffusion's `dpmpp_2m`) and its CFG++ form: first order at the
//! first step and at the last.

use super::answer::combine;
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// One step: the clean latent is drawn on along its last change.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
) -> Result<Next<T>, Error> {
    let (keep, add) = (step.next() / step.now(), -libm::expm1(-step.stride()));
    let mean = match memory.tensors.first().filter(|_| !step.ends_clean()) {
        Some(before) => {
            let bend = add * step.stride() / (2.0 * step.stride_before(1));
            combine(&[(call.start, keep), (&call.denoised, add + bend), (before, -bend)])?
        }
        None => combine(&[(call.start, keep), (&call.denoised, add)])?,
    };
    memory.push(call.denoised, 1);
    Next::done(mean)
}

/// The CFG++ form; it remembers the negative's clean latent.
pub(super) fn step_cfg_pp<T: Tensor>(
    step: &Step<'_>,
    mut call: Call<'_, T>,
    memory: &mut Memory<T>,
) -> Result<Next<T>, Error> {
    let keep = step.next() / step.now();
    let negative = call.negative()?;
    let before = memory.tensors.first().filter(|_| !step.ends_clean());
    let mean = match before {
        Some(before) => {
            let bend = -libm::expm1(-step.stride()) * step.stride() / (2.0 * step.stride_before(1));
            combine(&[
                (call.start, keep),
                (&call.denoised, 1.0 + bend),
                (negative, -keep),
                (before, -bend),
            ])?
        }
        None => combine(&[(call.start, keep), (&call.denoised, 1.0), (negative, -keep)])?,
    };
    memory.tensors.clear();
    memory.tensors.extend(call.negative.take());
    Next::done(mean)
}
