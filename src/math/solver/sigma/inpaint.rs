//! Latent masks: only what lies under the mask is sampled.
//!
//! Around each network call the rest is replaced by the given latent: before it with noise of the
//! call's sigma, after it as it is. Between calls nothing is replaced, so a result equals the given
//! latent outside the mask where a sampler ends on the clean latent.

use alloc::format;
use alloc::vec::Vec;

use crate::error::Error;
use crate::math::{NoiseLevel, Tensor};

/// A mask and what stands outside it.
#[derive(Debug)]
pub struct Inpaint<T> {
    mask: T,
    outside: T,
    clean: T,
    noise: T,
}

impl<T: Tensor> Inpaint<T> {
    /// `mask` is 1 where to sample and 0 where to keep, of the latent's shape or broadcast to it.
    /// `clean` is the given latent in the network's scale, `noise` the noise that it started with.
    pub fn new(mask: T, clean: T, noise: T) -> Result<Self, Error> {
        let outside = mask.affine(-1.0, 1.0)?;
        Ok(Self { mask, outside, clean, noise })
    }

    /// What the network is asked about in place of `latent`, which is at `level`.
    pub fn before(&self, latent: &T, level: NoiseLevel) -> Result<T, Error> {
        let kept = [(&self.clean, level.signal), (&self.noise, level.noise)];
        let kept = T::linear_combination(&kept)?;
        latent.mul(&self.mask)?.add(&kept.mul(&self.outside)?)
    }

    /// The clean latent that the sampler gets in place of the guided one.
    pub fn after(&self, denoised: &T) -> Result<T, Error> {
        denoised.mul(&self.mask)?.add(&self.clean.mul(&self.outside)?)
    }
}

/// A mask of `from` = (height, width) at the size `to`, linear between the centres of its values
/// and without a filter, as torch's `interpolate` with `bilinear`. Several masks may follow one
/// another.
///
/// Fails where the values are not whole masks.
#[allow(clippy::cast_possible_truncation)]
pub fn resize_mask(
    values: &[f32],
    from: (usize, usize),
    to: (usize, usize),
) -> Result<Vec<f32>, Error> {
    let one = from.0.saturating_mul(from.1);
    if one == 0 || values.is_empty() || !values.len().is_multiple_of(one) {
        let (height, width) = from;
        let text = format!("{} values, expected masks of {height} x {width}", values.len());
        return Err(Error::invalid(text).at("noise_mask"));
    }
    if from == to {
        return Ok(values.to_vec());
    }
    let (rows, columns) = (places(from.0, to.0), places(from.1, to.1));
    let mut resized = Vec::with_capacity(values.len() / one * to.0 * to.1);
    for mask in values.chunks_exact(one) {
        let at = |row: usize, column: usize| mask[row * from.1 + column];
        for &(top, bottom, down) in &rows {
            for &(left, right, along) in &columns {
                let upper = at(top, left) * (1.0 - along) + at(top, right) * along;
                let lower = at(bottom, left) * (1.0 - along) + at(bottom, right) * along;
                resized.push(upper * (1.0 - down) + lower * down);
            }
        }
    }
    Ok(resized)
}

/// The two neighbours of each new place, and how far it is towards the second.
#[allow(clippy::cast_possible_truncation)]
fn places(from: usize, to: usize) -> Vec<(usize, usize, f32)> {
    let scale = from as f32 / to as f32;
    let place = |at: usize| {
        let centre = (scale * (at as f32 + 0.5) - 0.5).max(0.0);
        let first = (centre as usize).min(from - 1);
        (first, (first + 1).min(from - 1), centre - first as f32)
    };
    (0..to).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of torch 2.15's `interpolate(mode="bilinear", align_corners=False)`.
    #[test]
    fn masks_are_resized_as_torch_does() {
        let ramp = [0.0, 1.0, 2.0, 3.0];
        assert_eq!(resize_mask(&ramp, (1, 4), (1, 2)), Ok([0.5, 2.5].into()));
        assert_eq!(resize_mask(&ramp[..2], (1, 2), (1, 4)), Ok([0.0, 0.25, 0.75, 1.0].into()));
        let square = resize_mask(&ramp, (2, 2), (3, 3));
        assert_eq!(square, Ok([0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0].into()));
    }

    #[test]
    fn values_that_are_no_masks_are_refused() {
        let text = resize_mask(&[0.0; 3], (2, 2), (4, 4)).map_err(|error| error.message);
        assert_eq!(text, Err("3 values, expected masks of 2 x 2".into()));
    }
}
