//! DPM-Solver with steps of order 3, 2 and 1 over its own even grid of ln sigma (2206.00927;
//! k-diffusion's `dpm_fast`). It ends at the last sigma above 0.

use alloc::vec::Vec;

use super::answer::{combine, lost};
use super::level::log_ratio;
use super::{Call, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// The ends of the samplers that stop at the last sigma above 0.
pub(super) fn ends(sigmas: &[f64]) -> Option<(f64, f64)> {
    let (&last, rest) = sigmas.split_last()?;
    let end = if last == 0.0 { *rest.last()? } else { last };
    Some((*sigmas.first()?, end))
}

/// How many steps of an order up to 3 make `calls` calls.
fn groups(calls: usize) -> usize {
    calls / 3 + 1
}

/// The grid for as many calls as `sigmas` has steps.
pub(super) fn grid(sigmas: &[f64]) -> Vec<f64> {
    let Some((first, end)) = ends(sigmas).filter(|_| sigmas.len() > 1) else {
        return sigmas.to_vec();
    };
    let groups = groups(sigmas.len() - 1);
    let rate = log_ratio(end, first) / groups as f64;
    let between = (1..groups).map(|at| first * libm::exp(rate * at as f64));
    core::iter::once(first).chain(between).chain([end]).collect()
}

/// The order of step `index` in a run of `calls` calls, which is also its number of calls.
pub(super) fn order(index: usize, calls: usize) -> u32 {
    let groups = groups(calls);
    match (calls % 3, groups - 1 - index.min(groups - 1)) {
        (0, 0) => 1,
        (0, 1) => 2,
        (rest, 0) => rest as u32,
        _ => 3,
    }
}

/// Where between its ends a step asks: thirds for order 3, the middle for order 2.
fn share(order: u32) -> f64 {
    1.0 / f64::from(order)
}

/// One step of such an order.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    order: u32,
) -> Result<Next<T>, Error> {
    let (stride, share) = (step.stride(), share(order));
    let noises = noises(step.now(), stride, share, &call)?;
    if call.stage + 1 == order {
        return Next::done(last(call.start, &noises, step.next(), stride, order, share)?);
    }
    let (latent, sigma) = ahead(call.start, &noises, step.now(), stride, share)?;
    call.kept.extend([call.asked.share(), call.denoised]);
    Ok(Next::Ask { latent, sigma })
}

/// A noise as a latent, its clean latent, and the sigma that their difference is divided by.
pub(super) type Noise<'a, T> = (&'a T, &'a T, f64);

/// The noises of the calls of this step so far, the newest last.
fn noises<'a, T>(
    now: f64,
    stride: f64,
    share: f64,
    call: &'a Call<'_, T>,
) -> Result<Vec<Noise<'a, T>>, Error> {
    let sigma = |stage: usize| now * libm::exp(-share * stage as f64 * stride);
    let mut noises = Vec::with_capacity(3);
    for (stage, pair) in call.kept.chunks(2).enumerate() {
        let [latent, denoised] = pair else { return Err(lost()) };
        noises.push((latent, denoised, sigma(stage)));
    }
    noises.push((call.asked, &call.denoised, sigma(noises.len())));
    Ok(noises)
}

/// The latent to ask about after these noises, and its sigma.
pub(super) fn ahead<T: Tensor>(
    start: &T,
    noises: &[Noise<'_, T>],
    now: f64,
    stride: f64,
    share: f64,
) -> Result<(T, f64), Error> {
    let stages = noises.len() as f64;
    let way = stages * share * stride;
    let (sigma, grown) = (now * libm::exp(-way), libm::expm1(way));
    let curve = if noises.len() == 1 { 0.0 } else { stages * (grown / way - 1.0) };
    Ok((along(start, noises, sigma, grown, curve)?, sigma))
}

/// The step's end, from as many noises as its order.
pub(super) fn last<T: Tensor>(
    start: &T,
    noises: &[Noise<'_, T>],
    to: f64,
    stride: f64,
    order: u32,
    share: f64,
) -> Result<T, Error> {
    let grown = libm::expm1(stride);
    let curve = match order {
        1 => 0.0,
        2 => grown / (2.0 * share),
        _ => (grown / stride - 1.0) / (2.0 * share),
    };
    along(start, noises, to, grown, curve)
}

/// `x - to (grown e + curve (newest - e))` with e the first of the noises.
fn along<T: Tensor>(
    start: &T,
    noises: &[Noise<'_, T>],
    to: f64,
    grown: f64,
    curve: f64,
) -> Result<T, Error> {
    let (Some(first), Some(newest)) = (noises.first(), noises.last()) else { return Err(lost()) };
    let (weight, newest_weight) = (to * (curve - grown) / first.2, -to * curve / newest.2);
    combine(&[
        (start, 1.0),
        (first.0, weight),
        (first.1, -weight),
        (newest.0, newest_weight),
        (newest.1, -newest_weight),
    ])
}
