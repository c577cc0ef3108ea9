//! Merges of latents: pure functions, per sample of the batch.
//!
//! `shares` are the c_k with sum c_k^2 = 1 of [`shares`]. Zero norms give no NaN, and nothing is
//! read back from the device. Source: AMDM (arXiv 2410.01262) for `spherical`, its published code
//! for `official`; the others are derived, fixture `amdm_variants_derived`.

use alloc::vec::Vec;
use core::f64::consts::FRAC_2_PI;

use crate::error::Error;
use crate::math::Tensor;

/// Squared norms are raised to this before a division.
const TINY: f64 = 1e-30;
/// Where the sine of the angle is below this, the arc is a line.
const STRAIGHT: f64 = 1e-3;

/// The share of each lane: sqrt(1 - weight^2) for the `target`, `weight * v / |v of the others|`
/// for another of weight v. The others' weights must not all be 0.
pub fn shares(weight: f64, weights: &[f64], target: usize) -> Vec<f64> {
    let others = weights.iter().enumerate().filter(|&(lane, _)| lane != target);
    let norm = libm::sqrt(others.map(|(_, value)| value * value).sum());
    let rest = libm::sqrt((1.0 - weight * weight).max(0.0));
    let share = |lane, value: f64| if lane == target { rest } else { weight * value / norm };
    weights.iter().enumerate().map(|(lane, &value)| share(lane, value)).collect()
}

/// `sum c x`: keeps the norm of orthogonal latents.
pub fn spherical<T: Tensor>(latents: &[&T], shares: &[f64]) -> Result<T, Error> {
    let terms: Vec<_> = latents.iter().copied().zip(shares.iter().copied()).collect();
    T::linear_combination(&terms)
}

/// `sum c x / sum c`.
pub fn linear<T: Tensor>(latents: &[&T], shares: &[f64]) -> Result<T, Error> {
    let total: f64 = shares.iter().sum();
    let weights: Vec<_> = shares.iter().map(|share| share / total).collect();
    spherical(latents, &weights)
}

/// `sum c^2 mean + sum c (x - mean)`: means averaged, noises mixed spherically.
pub fn mean_noise<T: Tensor>(latents: &[&T], means: &[&T], shares: &[f64]) -> Result<T, Error> {
    let mut terms: Vec<_> = latents.iter().copied().zip(shares.iter().copied()).collect();
    terms.extend(means.iter().copied().zip(shares.iter().map(|share| share * share - share)));
    T::linear_combination(&terms)
}

/// `m / |m| * sum c^2 |x|` with `m = sum c x`: any number of lanes, no order.
pub fn normalized<T: Tensor>(latents: &[&T], shares: &[f64]) -> Result<T, Error> {
    let mixed = spherical(latents, shares)?;
    let norms = latents.iter().map(|latent| latent.sample_dot(latent)?.sqrt());
    let norms = norms.collect::<Result<Vec<_>, _>>()?;
    let terms: Vec<_> = norms.iter().zip(shares.iter().map(|share| share * share)).collect();
    let factor = T::linear_combination(&terms)?.div(&safe_norm(&mixed)?)?;
    T::sample_combination(&[&mixed], &[&factor])
}

/// Along the arc from `target` to `other`, norm interpolated; `shares` are theirs. On nearly
/// parallel latents a line, on nearly opposite ones the heavier of the two.
pub fn slerp<T: Tensor>(target: &T, other: &T, shares: (f64, f64)) -> Result<T, Error> {
    let share = FRAC_2_PI * libm::atan2(shares.1, shares.0);
    let (norm_a, norm_b) = (safe_norm(target)?, safe_norm(other)?);
    let product = norm_a.mul(&norm_b)?;
    let cosine = target.sample_dot(other)?.div(&product)?.clamp(-1.0, 1.0)?;
    let angle = cosine.acos()?;
    let sine = angle.sin()?;
    let norm = T::linear_combination(&[(&norm_a, 1.0 - share), (&norm_b, share)])?;
    let scale = norm.div(&sine.clamp(STRAIGHT / 2.0, 1.0)?.mul(&product)?)?;
    let arc_a = angle.affine(1.0 - share, 0.0)?.sin()?.mul(&norm_b)?.mul(&scale)?;
    let arc_b = angle.affine(share, 0.0)?.sin()?.mul(&norm_a)?.mul(&scale)?;
    let heavier = if shares.0 >= shares.1 { 1.0 } else { 0.0 };
    let constant = |value| cosine.affine(0.0, value);
    let line_a = cosine.select(0.0, &constant(1.0 - share)?, &constant(heavier)?)?;
    let line_b = line_a.affine(-1.0, 1.0)?;
    let weight_a = sine.select(STRAIGHT, &arc_a, &line_a)?;
    let weight_b = sine.select(STRAIGHT, &arc_b, &line_b)?;
    T::sample_combination(&[target, other], &[&weight_a, &weight_b])
}

/// The published code's coefficients for two or three lanes in graph order: `w1` is the first's,
/// and with three lanes `w2` the second's. Squares of three do not sum to 1. Empty for other
/// counts.
pub fn official_shares(lanes: usize, w1: f64, w2: f64) -> Vec<f64> {
    let (rest1, rest2) = (libm::sqrt(1.0 - w1 * w1), libm::sqrt(1.0 - w2 * w2));
    match lanes {
        2 => [w1, rest1].into(),
        3 => [w1 * w2, rest1 * w2, rest1 * rest2].into(),
        _ => Vec::new(),
    }
}

/// The norm of each sample, raised above 0.
fn safe_norm<T: Tensor>(value: &T) -> Result<T, Error> {
    value.sample_dot(value)?.clamp(TINY, f64::INFINITY)?.sqrt()
}
