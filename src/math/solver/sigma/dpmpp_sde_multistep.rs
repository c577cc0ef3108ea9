//! DPM-Solver++ SDE with one call a step: `dpmpp_2m_sde`, `dpmpp_2m_sde_heun` and `dpmpp_3m_sde` of
//! k-diffusion. The noise is Brownian, with the posterior's deviation.

use super::answer::combine;
use super::{Call, Memory, Next, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

/// How the change of the clean latent enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Second order, by the middle of the step.
    Midpoint,
    /// Second order, by both ends.
    Heun,
    /// Third order.
    Third,
}

/// One step.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    form: Form,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    let (now, next, stride) = (step.now(), step.next(), step.stride());
    let keep = next / now * libm::exp(-stride);
    // The variance that the noise takes from the way to the clean latent.
    let part = -libm::expm1(-2.0 * stride);
    let weights = weights(step, memory.tensors.len(), form, part);
    let mut terms = alloc::vec![(call.start, keep), (&call.denoised, part + weights[0])];
    terms.extend(memory.tensors.iter().zip(weights[1..].iter().copied()));
    let mean = combine(&terms)?;
    memory.push(call.denoised, if form == Form::Third { 2 } else { 1 });
    let noise = supply.between(now, next)?;
    Ok(Next::Done { mean, noise: Some((noise, next * libm::sqrt(part))) })
}

/// What is added to the weights of this clean latent and of the `known` ones before it.
fn weights(step: &Step<'_>, known: usize, form: Form, part: f64) -> [f64; 3] {
    if known == 0 {
        return [0.0; 3];
    }
    let stride = step.stride();
    let double = 2.0 * stride;
    let ratio = step.stride_before(1) / stride;
    let second = 1.0 - part / double;
    if form != Form::Third || known == 1 {
        let slope = if form == Form::Midpoint { 0.5 * part } else { second } / ratio;
        return [slope, -slope, 0.0];
    }
    let older = step.stride_before(2) / stride;
    let third = second / double - 0.5;
    // Divided differences of first order, and how much of each enters.
    let bend = (second * ratio - third) / (ratio + older);
    let (newer, older) = ((second + bend) / ratio, bend / older);
    [newer, -newer - older, older]
}
