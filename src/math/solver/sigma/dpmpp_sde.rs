//! DPM-Solver++ SDE with two calls a step (k-diffusion's `dpmpp_sde`): the noise at the step's
//! middle and at its end is one Brownian motion.

use super::answer::combine;
use super::level::log_ratio;
use super::{Call, Next, Split, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// One step.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let now = step.now();
    let middle = middle(now, step.next());
    let to = if call.stage == 0 { middle } else { step.next() };
    let Split { down, up } = Split::full(now, to);
    let stride = log_ratio(now, down);
    let (keep, add) = (libm::exp(-stride), -libm::expm1(-stride));
    let mean = combine(&[(call.start, keep), (&call.denoised, add)])?;
    let noise = supply.between(now, to)?;
    if call.stage == 0 {
        let latent = combine(&[(&mean, 1.0), (&noise, up)])?;
        return Ok(Next::Ask { latent, sigma: middle });
    }
    Ok(Next::Done { mean, noise: Some((noise, up)) })
}

/// The geometric middle in float32: its last bits decide where the Brownian motion is asked, which
/// moves a result by up to 0.2.
#[allow(clippy::cast_possible_truncation)]
fn middle(now: f64, next: f64) -> f64 {
    let lambda = |sigma: f64| -(libm::log(sigma) as f32);
    let (start, end) = (lambda(now), lambda(next));
    f64::from(libm::exp(f64::from(-(start + 0.5 * (end - start)))) as f32)
}
