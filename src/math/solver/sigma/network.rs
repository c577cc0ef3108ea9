//! What stands between a network's numbers and a walk: scales, kinds of prediction, guidance.
//!
//! A network gets the latent times [`input_scale`] and a timestep; [`denoised_factors`] make a
//! clean latent of its output. All of the variance-preserving process, where sigma is noise over
//! signal.

use crate::error::Error;
use crate::math::schedule::SigmaTable;
use crate::math::{PredictionKind, Tensor};

/// What the network's input is of a latent in sigma space.
pub fn input_scale(sigma: f64) -> f64 {
    1.0 / libm::sqrt(sigma * sigma + 1.0)
}

/// Factors (of the latent in sigma space, of the network's output) that give the clean latent; none
/// for a rectified flow.
pub fn denoised_factors(kind: PredictionKind, sigma: f64) -> Option<(f64, f64)> {
    let variance = sigma * sigma + 1.0;
    match kind {
        PredictionKind::Epsilon => Some((1.0, -sigma)),
        PredictionKind::Velocity => Some((1.0 / variance, -sigma / libm::sqrt(variance))),
        PredictionKind::Sample => Some((0.0, 1.0)),
        PredictionKind::Flow => None,
    }
}

/// The latent that a sampling starts from at its first sigma: the clean one and unit noise. Where
/// the sigma is the process's largest, the noise has the deviation of all of the latent.
pub fn start<T: Tensor>(clean: &T, noise: &T, sigma: f64, table: &SigmaTable) -> Result<T, Error> {
    let deviation = if table.is_full(sigma) { libm::sqrt(1.0 + sigma * sigma) } else { sigma };
    T::linear_combination(&[(clean, 1.0), (noise, deviation)])
}

/// Whether a guidance is 1, as far as ComfyUI tells it apart: the negative is not asked then.
pub fn is_unguided(guidance: f64) -> bool {
    (guidance - 1.0).abs() <= 1e-9 * guidance.abs().max(1.0)
}

/// Classifier-free guidance of clean latents: `negative + guidance (positive - negative)`.
pub fn guide<T: Tensor>(positive: &T, negative: &T, guidance: f64) -> Result<T, Error> {
    T::linear_combination(&[(negative, 1.0 - guidance), (positive, guidance)])
}

/// Guidance rescaled to the positive's deviation (2305.08891, section 3.4), on clean latents.
///
/// Works on the velocity form. `share` 0 is [`guide`], 1 the rescaled prediction alone; deviations
/// are over all but the batch. `latent` is in sigma space. As in ComfyUI, clean latents pass as
/// their difference to the latent: what float32 loses there at large sigmas is lost here as well.
pub fn guide_rescaled<T: Tensor>(
    latent: &T,
    (positive, negative): (&T, &T),
    sigma: f64,
    guidance: f64,
    share: f64,
) -> Result<T, Error> {
    let root = libm::sqrt(sigma * sigma + 1.0);
    let passed = |denoised: &T| latent.sub(&latent.sub(denoised)?);
    let velocity = |denoised: &T| {
        let denoised = passed(denoised)?;
        T::linear_combination(&[(latent, 1.0 / (root * sigma)), (&denoised, -root / sigma)])
    };
    let positive = velocity(positive)?;
    let guided = guide(&positive, &velocity(negative)?, guidance)?;
    let ratio = spread(&positive)?.div(&spread(&guided)?)?.sqrt()?;
    // Per sample: share times the ratio, and the rest as it is.
    let factor = ratio.affine(share, 1.0 - share)?.affine(-sigma / root, 0.0)?;
    let keep = ratio.affine(0.0, 1.0 / (root * root))?;
    passed(&T::sample_combination(&[latent, &guided], &[&keep, &factor])?)
}

/// The sum of squares about the mean, per sample.
fn spread<T: Tensor>(values: &T) -> Result<T, Error> {
    let ones = values.affine(0.0, 1.0)?;
    let count: f64 = values.shape().iter().skip(1).map(|&extent| f64::from(extent)).product();
    let mean = values.sample_dot(&ones)?.affine(-1.0 / count, 0.0)?;
    let one = mean.affine(0.0, 1.0)?;
    let centred = T::sample_combination(&[values, &ones], &[&one, &mean])?;
    centred.sample_dot(&centred)
}
