//! SEEDS exponential solvers with noise (2305.14267): `seeds_2` with a call at the middle of ln
//! sigma, `seeds_3` with calls at its thirds.

use super::answer::combine;
use super::{Call, Next, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// One step of two calls.
pub(super) fn second<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let way = step.stride() * f64::from(call.stage + 1) / 2.0;
    let terms = [(call.start, libm::exp(-2.0 * way)), (&call.denoised, -libm::expm1(-2.0 * way))];
    let mean = combine(&terms)?;
    finish(step, call, mean, 2, supply)
}

/// One step of three calls.
pub(super) fn third<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let way = -2.0 * step.stride() * f64::from(call.stage + 1) / 3.0;
    // What the way's end takes of the change of the clean latent since the first call.
    let curve = (libm::expm1(way) - way) / way;
    let newer = match call.stage {
        0 => libm::expm1(way),
        1 => 2.0 * curve,
        _ => 1.5 * curve,
    };
    let older = libm::expm1(way) - newer;
    let keep = (call.start, libm::exp(way));
    if call.stage == 0 {
        let mean = combine(&[keep, (&call.denoised, -newer)])?;
        call.kept.push(call.denoised.share());
        return finish(step, call, mean, 3, supply);
    }
    let mean = combine(&[keep, (call.kept(0)?, -older), (&call.denoised, -newer)])?;
    finish(step, call, mean, 3, supply)
}

/// Adds the noise of the way so far: each call's own, faded by the way since then.
fn finish<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    mean: T,
    calls: u32,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let part = step.stride() / f64::from(calls);
    let own = libm::sqrt(-libm::expm1(-2.0 * part));
    let drawn = supply.draw()?;
    let first = usize::from(calls == 3);
    let noise = match call.kept.get(first) {
        None => combine(&[(&drawn, own)])?,
        Some(before) => combine(&[(before, libm::exp(-part)), (&drawn, own)])?,
    };
    let way = part * f64::from(call.stage + 1);
    let sigma = step.now() * libm::exp(-way);
    if call.stage + 1 < calls {
        let latent = combine(&[(&mean, 1.0), (&noise, sigma)])?;
        call.kept.truncate(first);
        call.kept.push(noise);
        return Ok(Next::Ask { latent, sigma });
    }
    let deviation = libm::sqrt(-libm::expm1(-2.0 * way));
    let unit = combine(&[(&noise, 1.0 / deviation)])?;
    Ok(Next::Done { mean, noise: Some((unit, deviation * step.next())) })
}
