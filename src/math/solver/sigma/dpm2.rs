//! DPM-Solver-2 steps (k-diffusion's `dpm_2` and `dpm_2_ancestral`): the slope at the geometric
//! middle of the step.

use super::answer::combine;
use super::euler::toward;
use super::{Call, Next, Split, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// One step, with fresh noise or without.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    noisy: bool,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let Split { down, up } = step.split(noisy);
    if down == 0.0 {
        return Next::done(call.denoised);
    }
    let now = step.now();
    let middle = libm::sqrt(now * down);
    if call.stage == 0 {
        let latent = toward(call.start, &call.denoised, now, middle)?;
        return Ok(Next::Ask { latent, sigma: middle });
    }
    let slope = (down - now) / middle;
    let terms = [(call.start, 1.0), (call.asked, slope), (&call.denoised, -slope)];
    let mean = combine(&terms)?;
    if noisy { Next::noised(mean, up, supply) } else { Next::done(mean) }
}
