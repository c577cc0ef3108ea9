//! Euler steps in sigma space: `euler`, `ddim` and `euler_ancestral` (k-diffusion), and their CFG++
//! forms, which take the direction of the noise from the negative (2406.08070).

use super::answer::combine;
use super::{Call, Next, Split, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// From `latent` at sigma `now` along the line through its clean latent to sigma `to`.
pub(super) fn toward<T: Tensor>(latent: &T, denoised: &T, now: f64, to: f64) -> Result<T, Error> {
    let keep = to / now;
    combine(&[(latent, keep), (denoised, 1.0 - keep)])
}

/// Down the line to the split's lower sigma, and noise up to `next`.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: &Call<'_, T>,
    noisy: bool,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let Split { down, up } = step.split(noisy);
    let mean = toward(call.start, &call.denoised, step.now(), down)?;
    if noisy && !step.ends_clean() { Next::noised(mean, up, supply) } else { Next::done(mean) }
}

/// The clean latent, and the noise that the negative sees: `D + down (x - U) / s`.
pub(super) fn along_negative<T: Tensor>(
    call: &Call<'_, T>,
    now: f64,
    down: f64,
) -> Result<T, Error> {
    let keep = down / now;
    combine(&[(&call.denoised, 1.0), (call.start, keep), (call.negative()?, -keep)])
}

/// The CFG++ form of [`step`].
pub(super) fn step_cfg_pp<T: Tensor>(
    step: &Step<'_>,
    call: &Call<'_, T>,
    noisy: bool,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let Split { down, up } = step.split(noisy);
    let mean = along_negative(call, step.now(), down)?;
    if noisy && !step.ends_clean() { Next::noised(mean, up, supply) } else { Next::done(mean) }
}
