//! Samplers that add fresh noise to what they have: `ddpm` (2006.11239) and `lcm` (2310.04378).

use super::answer::combine;
use super::{Call, Next, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// The DDPM posterior, on the variance-preserving process of the same sigmas.
pub(super) fn ddpm<T: Tensor>(
    step: &Step<'_>,
    call: &Call<'_, T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let alpha = |sigma: f64| 1.0 / (sigma * sigma + 1.0);
    let (now, next) = (alpha(step.now()), alpha(step.next()));
    let ratio = now / next;
    // The scaled latent takes as much of the noise away as the step does.
    let scale = libm::sqrt(now);
    let less = (1.0 - ratio) / libm::sqrt(1.0 - now) / step.now();
    let back = if step.ends_clean() { 1.0 } else { 1.0 / libm::sqrt(next) };
    let factor = back / libm::sqrt(ratio);
    let terms = [(call.start, (scale - less) * factor), (&call.denoised, less * factor)];
    let mean = combine(&terms)?;
    if step.ends_clean() {
        return Next::done(mean);
    }
    let deviation = libm::sqrt((1.0 - ratio) * (1.0 - next) / (1.0 - now));
    Next::noised(mean, deviation * back, supply)
}

/// The clean latent, noised to the next sigma.
pub(super) fn lcm<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    Next::noised(call.denoised, step.next(), supply)
}
