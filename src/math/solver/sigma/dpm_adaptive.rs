//! DPM-Solver that chooses its own strides (2206.00927; k-diffusion's `dpm_adaptive`): order 3,
//! with order 2 beside it as the measure of the error.
//!
//! From outside it is one step from the first sigma to the last one above 0, of as many calls as it
//! needs; strides too long are tried again, three calls each. Absolute tolerance 0.0078, relative
//! 0.05, first stride 0.05 of ln sigma, next stride by the error's third root.

use alloc::vec::Vec;

use super::answer::{combine, lost};
use super::dpm_fast::{Noise, ahead, ends, last};
use super::level::log_ratio;
use super::{Call, Next, Step, Supply};
use crate::error::{Code, Error};
use crate::math::Tensor;

const ABSOLUTE: f64 = 0.0078;
const RELATIVE: f64 = 0.05;
const FIRST_STRIDE: f64 = 0.05;
/// A stride is accepted where the next one is at least this much of it.
const ACCEPT: f64 = 0.81;
/// So much of ln sigma may be left at the end.
const SLACK: f64 = 1e-5;
/// Where order 3 asks, and order 2.
const SHARE: f64 = 1.0 / 3.0;
/// Strides tried before the sampler gives up.
const TRIES: usize = 10_000;

/// The one step, or none where the ends are the same.
pub(super) fn grid(sigmas: &[f64]) -> Vec<f64> {
    match ends(sigmas) {
        Some((first, end)) if sigmas.len() > 1 && log_ratio(first, end) > SLACK => {
            [first, end].into()
        }
        _ => sigmas.iter().copied().take(1).collect(),
    }
}

/// What the sampler keeps through its one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The sigma reached.
    sigma: f64,
    stride: f64,
    tries: usize,
}

impl Progress {
    /// At the beginning.
    pub const fn new(sigma: f64) -> Self {
        Self { sigma, stride: FIRST_STRIDE, tries: 0 }
    }
}

/// One call. Kept are the latent reached, that of order 2 before it, and the noises of the stride.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    progress: &mut Progress,
    supply: &mut dyn Supply<T>,
) -> Result<Next<T>, Error> {
    if call.kept.is_empty() {
        call.kept.extend([call.start.share(), call.start.share()]);
    }
    call.kept.extend([call.asked.share(), call.denoised]);
    let left = log_ratio(progress.sigma, step.next());
    let stride = progress.stride.min(left);
    let noises = noises(call.kept, progress.sigma, stride)?;
    let (reached, before) = (&call.kept[0], &call.kept[1]);
    if noises.len() < 3 {
        let (latent, sigma) = ahead(reached, &noises, progress.sigma, stride, SHARE)?;
        return Ok(Next::Ask { latent, sigma });
    }
    let next = progress.sigma * libm::exp(-stride);
    let low = last(reached, &noises[..2], next, stride, 2, SHARE)?;
    let high = last(reached, &noises, next, stride, 3, SHARE)?;
    let factor =
        1.0 + libm::atan(libm::cbrt(1.0 / (error(&low, &high, before, supply)? + 1e-8)) - 1.0);
    progress.stride *= factor;
    progress.tries += 1;
    if progress.tries > TRIES || progress.stride.is_nan() {
        let text = "dpm_adaptive found no stride short enough, expected finite predictions";
        return Err(Error::new(Code::InvalidInput, text));
    }
    if factor < ACCEPT {
        call.kept.truncate(2);
    } else {
        if left - stride <= SLACK {
            return Next::done(high);
        }
        progress.sigma = next;
        call.kept.clear();
        call.kept.extend([high, low]);
    }
    Ok(Next::Ask { latent: call.kept[0].share(), sigma: progress.sigma })
}

fn noises<T>(kept: &[T], sigma: f64, stride: f64) -> Result<Vec<Noise<'_, T>>, Error> {
    let pairs = kept.get(2..).ok_or_else(lost)?.chunks_exact(2).enumerate();
    let at = |stage: usize| sigma * libm::exp(-SHARE * stage as f64 * stride);
    Ok(pairs.map(|(stage, pair)| (&pair[0], &pair[1], at(stage))).collect())
}

/// The difference of the two orders in tolerances: root of the mean square over the whole batch.
fn error<T: Tensor>(
    low: &T,
    high: &T,
    before: &T,
    supply: &mut dyn Supply<T>,
) -> Result<f64, Error> {
    let size = |latent: &T| latent.maximum(&latent.affine(-1.0, 0.0)?);
    let allowed = size(low)?.maximum(&size(before)?)?.affine(RELATIVE, 0.0)?;
    let allowed = allowed.clamp(ABSOLUTE, f64::MAX)?;
    let off = combine(&[(low, 1.0), (high, -1.0)])?.div(&allowed)?;
    let squares = supply.read(&off.sample_dot(&off)?)?;
    let count: f64 = low.shape().iter().map(|&extent| f64::from(extent)).product();
    Ok(libm::sqrt(squares.iter().sum::<f64>() / count))
}
