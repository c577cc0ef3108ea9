//! DPM-Solver++ with two calls a step (2211.01095; k-diffusion's `dpmpp_2s_ancestral`) and its
//! CFG++ form.

use super::answer::combine;
use super::level::log_ratio;
use super::{Call, Next, Split, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// One step. `plus_plus` adds the difference of the guided and the negative's clean latent to what
/// is kept of the latent.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    plus_plus: bool,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let Split { down, up } = step.split(true);
    if down == 0.0 {
        return Next::done(call.denoised);
    }
    let now = step.now();
    let stride = log_ratio(now, down);
    let middle = libm::sqrt(now * down);
    let (to, way) = if call.stage == 0 { (middle, 0.5 * stride) } else { (down, stride) };
    let (keep, add) = (to / now, -libm::expm1(-way));
    let mean = if plus_plus {
        // What is kept of the latent moves with the first call's clean latent in both calls.
        let first = if call.stage == 0 { &call.denoised } else { call.kept(0)? };
        combine(&[
            (call.start, keep),
            (first, keep),
            (call.negative()?, -keep),
            (&call.denoised, add),
        ])?
    } else {
        combine(&[(call.start, keep), (&call.denoised, add)])?
    };
    if call.stage == 0 {
        call.kept.push(call.denoised);
        return Ok(Next::Ask { latent: mean, sigma: middle });
    }
    Next::noised(mean, up, supply)
}
