//! RES multistep (2308.02157): second order in the logarithm of sigma, with fresh noise or without,
//! and the CFG++ forms.

use super::answer::combine;
use super::euler::{along_negative, toward};
use super::level::log_ratio;
use super::{Call, Memory, Next, Split, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// One step.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    mut call: Call<'_, T>,
    memory: &mut Memory<T>,
    (noisy, cfg_pp): (bool, bool),
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    let Split { down, up } = step.split(noisy);
    let (now, start) = (step.now(), call.start);
    let mean = match memory.tensors.first().filter(|_| down > 0.0) {
        None if cfg_pp => along_negative(&call, now, down)?,
        None => toward(start, &call.denoised, now, down)?,
        Some(before) => {
            let stride = log_ratio(now, down);
            let keep = down / now;
            let (newer, older) = weights(step, stride, noisy);
            if cfg_pp {
                let (denoised, negative) = (&call.denoised, call.negative()?);
                let terms =
                    [(start, keep), (denoised, keep), (negative, newer - keep), (before, older)];
                combine(&terms)?
            } else {
                combine(&[(start, keep), (&call.denoised, newer), (before, older)])?
            }
        }
    };
    memory.tensors.clear();
    memory.tensors.extend(if cfg_pp { call.negative.take() } else { Some(call.denoised) });
    if noisy && !step.ends_clean() { Next::noised(mean, up, supply) } else { Next::done(mean) }
}

/// Weights of this step's clean latent and of the one before.
fn weights(step: &Step<'_>, stride: f64, noisy: bool) -> (f64, f64) {
    let before = step.before(1);
    let reached = Split::new(before, step.now(), noisy).down;
    let ratio = log_ratio(reached, before) / stride;
    let first = libm::expm1(-stride) / -stride;
    let second = (first - 1.0) / -stride;
    let number = |value: f64| if value.is_nan() { 0.0 } else { value * stride };
    (number(first - second / ratio), number(second / ratio))
}
