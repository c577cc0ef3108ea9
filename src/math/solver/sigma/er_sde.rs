//! Extended reverse-time SDE (2309.06169; `er_sde`, third order): integrals of the noise scaling
//! are sums over 200 points.

use super::answer::combine;
use super::{Call, Memory, Next, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// Points of the sums.
const POINTS: u32 = 200;

/// One step. It remembers the clean latent and how fast it changed with sigma.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let (now, next) = (step.now(), step.next());
    let ratio = scaling(next) / scaling(now);
    let mut mean = combine(&[(call.start, ratio), (&call.denoised, 1.0 - ratio)])?;
    let mut change = None;
    if let Some(before) = memory.tensors.first() {
        let (sum, moment) = sums(now, next);
        let share = 1.0 / (now - step.before(1));
        let newer = combine(&[(&call.denoised, share), (before, -share)])?;
        let first = next - now + sum * scaling(next);
        mean = match memory.tensors.get(1) {
            None => combine(&[(&mean, 1.0), (&newer, first)])?,
            Some(older) => {
                let span = (now - step.before(2)) / 2.0;
                let width = next - now;
                let second = (width * width / 2.0 + moment * scaling(next)) / span;
                combine(&[(&mean, 1.0), (&newer, first + second), (older, -second)])?
            }
        };
        change = Some(newer);
    }
    memory.tensors.clear();
    memory.tensors.push(call.denoised);
    memory.tensors.extend(change);
    let variance = next * next - now * now * ratio * ratio;
    let deviation = if variance > 0.0 { libm::sqrt(variance) } else { 0.0 };
    Next::noised(mean, deviation, supply)
}

/// How the process is scaled at a sigma.
fn scaling(sigma: f64) -> f64 {
    sigma * (libm::exp(libm::pow(sigma, 0.3)) + 10.0)
}

/// Integrals over the step of 1 / scaling, and of (sigma - now) / scaling.
fn sums(now: f64, next: f64) -> (f64, f64) {
    let width = (now - next) / f64::from(POINTS);
    let points = (0..POINTS).map(|point| next + width * f64::from(point));
    let (sum, moment) = points.fold((0.0, 0.0), |(sum, moment), at| {
        let inverse = 1.0 / scaling(at);
        (sum + inverse, moment + (at - now) * inverse)
    });
    (sum * width, moment * width)
}
