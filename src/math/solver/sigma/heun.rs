//! Heun's second-order steps (k-diffusion): `heun`, and `heunpp2`, which weights up to three slopes
//! by their sigmas.

use super::answer::combine;
use super::euler::toward;
use super::{Call, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// The slope at the end of an Euler step, averaged with that at its start.
pub(super) fn step<T: Tensor>(step: &Step<'_>, call: Call<'_, T>) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    if call.stage == 0 {
        return first(step, call);
    }
    slopes(step, &call, &[0.5, 0.5])
}

/// Calls that `heunpp2` makes in the step.
pub(super) fn calls_pp2(step: &Step<'_>) -> u32 {
    let last = step.last();
    if step.next() == last {
        1
    } else if step.at(2) == last {
        2
    } else {
        3
    }
}

/// The weights of later slopes fall with their sigmas; the last steps have fewer slopes.
pub(super) fn step_pp2<T: Tensor>(step: &Step<'_>, call: Call<'_, T>) -> Result<Next<T>, Error> {
    let calls = calls_pp2(step);
    if calls == 1 {
        return Next::done(toward(call.start, &call.denoised, step.now(), step.next())?);
    }
    let share = |ahead: usize| step.at(ahead) / (f64::from(calls) * step.first());
    match (call.stage, calls) {
        (0, _) => first(step, call),
        (1, 3) => {
            let latent = toward(call.asked, &call.denoised, step.next(), step.at(2))?;
            call.kept.extend([call.asked.share(), call.denoised]);
            Ok(Next::Ask { latent, sigma: step.at(2) })
        }
        (_, 2) => slopes(step, &call, &[1.0 - share(1), share(1)]),
        _ => slopes(step, &call, &[1.0 - share(1) - share(2), share(1), share(2)]),
    }
}

/// The Euler step to the next sigma, to ask there.
fn first<T: Tensor>(step: &Step<'_>, call: Call<'_, T>) -> Result<Next<T>, Error> {
    let latent = toward(call.start, &call.denoised, step.now(), step.next())?;
    call.kept.push(call.denoised);
    Ok(Next::Ask { latent, sigma: step.next() })
}

/// The step along the weighted slopes of all calls: each is (latent - clean latent) / sigma.
fn slopes<T: Tensor>(
    step: &Step<'_>,
    call: &Call<'_, T>,
    weights: &[f64],
) -> Result<Next<T>, Error> {
    let stride = step.next() - step.now();
    let factor = |at: usize| stride * weights[at] / step.at(at);
    let mut terms = alloc::vec![(call.start, 1.0 + factor(0)), (call.kept(0)?, -factor(0)),];
    if weights.len() == 3 {
        terms.extend([(call.kept(1)?, factor(1)), (call.kept(2)?, -factor(1))]);
    }
    let last = factor(weights.len() - 1);
    terms.extend([(call.asked, last), (&call.denoised, -last)]);
    Next::done(combine(&terms)?)
}
