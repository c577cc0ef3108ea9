//! SA-Solver (2309.05019): Adams predictor of order 3 and corrector of order 4 in ln sigma, with
//! noise where sigma is in the middle of the schedule; `sa_solver_pece` asks again after
//! correcting.
//!
//! A step asks at the predicted latent. What is remembered is what the corrector starts from, that
//! is the latent before with the step's noise, and then the clean latents, the newest first.

use alloc::vec::Vec;

use super::answer::combine;
use super::{Call, Memory, Next, Step, Supply};
use crate::error::Error;
use crate::math::Tensor;

const PREDICTOR: usize = 3;
const CORRECTOR: usize = 4;

/// One call; `twice` is the form that asks again.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    twice: bool,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if call.stage == 1 {
        return predict(step, call.asked, call.denoised, memory, supply);
    }
    let order = corrector(step, memory.tensors.len(), twice);
    if order == 0 {
        return predict(step, call.start, call.denoised, memory, supply);
    }
    let Some((base, before)) = memory.tensors.split_first() else {
        return predict(step, call.start, call.denoised, memory, supply);
    };
    let ends = (step.before(1), step.now());
    let weights = weights(step, order, ends, noisy(step, step.now()));
    let mut terms = alloc::vec![(base, 1.0), (&call.denoised, weights[0])];
    terms.extend(before.iter().zip(weights[1..].iter().copied()));
    let corrected = combine(&terms)?;
    if twice {
        return Ok(Next::Ask { latent: corrected, sigma: step.now() });
    }
    predict(step, &corrected, call.denoised, memory, supply)
}

/// The corrector's order; 0 where the predicted latent stays. `known` tensors are remembered.
fn corrector(step: &Step<'_>, known: usize, twice: bool) -> usize {
    if known == 0 || (step.ends_clean() && !twice) {
        return 0;
    }
    lowered(step, known.min(CORRECTOR), step.steps() - step.index)
}

/// An order that falls towards the end where the walk ends on the clean latent.
fn lowered(step: &Step<'_>, order: usize, left: usize) -> usize {
    if step.last() == 0.0 { order.min(left) } else { order }
}

/// Whether noise is added on the way to a sigma.
fn noisy(step: &Step<'_>, sigma: f64) -> bool {
    let (high, low) = step.noisy;
    high >= sigma && sigma >= low
}

fn predict<T: Tensor>(
    step: &Step<'_>,
    latent: &T,
    denoised: T,
    memory: &mut Memory<T>,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(denoised);
    }
    if !memory.tensors.is_empty() {
        memory.tensors.remove(0);
    }
    memory.push(denoised, CORRECTOR - 1);
    let left = step.steps() - 1 - step.index;
    let order = lowered(step, memory.tensors.len().min(PREDICTOR), left);
    let noisy = noisy(step, step.next());
    let (stride, keep) = (step.stride(), step.next() / step.now());
    let keep = if noisy { keep * libm::exp(-stride) } else { keep };
    let weights = weights(step, order, (step.now(), step.next()), noisy);
    let mut terms = alloc::vec![(latent, keep)];
    terms.extend(memory.tensors.iter().zip(weights.iter().copied()));
    let mean = combine(&terms)?;
    let noise = if noisy {
        let deviation = step.next() * libm::sqrt(-libm::expm1(-2.0 * stride));
        Some((supply.draw()?, deviation))
    } else {
        None
    };
    let base = match &noise {
        Some((drawn, deviation)) => combine(&[(latent, keep), (drawn, *deviation)])?,
        None => combine(&[(latent, keep)])?,
    };
    memory.tensors.insert(0, base);
    Ok(Next::Done { mean, noise })
}

/// Weights of the `order` newest clean latents over the way between two sigmas: integrals of the
/// polynomials through them, against the growth of the kept part. The newest comes first.
fn weights(step: &Step<'_>, order: usize, (from, to): (f64, f64), noisy: bool) -> Vec<f64> {
    let rate = if noisy { 2.0 } else { 1.0 };
    // Places in -ln sigma, counted from the way's end.
    let place = |sigma: f64| libm::log(to) - libm::log(sigma);
    let nodes: Vec<f64> = (0..order).map(|back| place(step.before(back))).collect();
    let moments = moments(rate, -place(from));
    let weight = |own: usize| {
        let polynomial = basis(&nodes, own);
        polynomial.iter().zip(moments).map(|(factor, moment)| factor * moment).sum()
    };
    (0..order).map(weight).collect()
}

/// `rate` times the integrals of `exp(rate u) u^k` over u from `-width` to 0.
fn moments(rate: f64, width: f64) -> [f64; CORRECTOR] {
    let left = libm::exp(-rate * width);
    let mut power = 1.0;
    let mut moments = [-libm::expm1(-rate * width); CORRECTOR];
    for order in 1..CORRECTOR {
        power *= -width;
        moments[order] = -power * left - order as f64 / rate * moments[order - 1];
    }
    moments
}

/// Coefficients, the constant first, of the polynomial that is 1 at its own node and 0 at the
/// others.
fn basis(nodes: &[f64], own: usize) -> [f64; CORRECTOR] {
    let mut polynomial = [0.0; CORRECTOR];
    polynomial[0] = 1.0;
    for (_, node) in nodes.iter().enumerate().filter(|(other, _)| *other != own) {
        let scale = nodes[own] - node;
        let mut carried = 0.0;
        for factor in &mut polynomial {
            let lower = *factor;
            *factor = (carried - node * lower) / scale;
            carried = lower;
        }
    }
    polynomial
}
