//! Bells for blurring and sharpening.

use alloc::vec::Vec;

use amdm_sdk::tensors::Edge;
use amdm_sdk::{Error, Tensor};

use super::picture;

/// A square of `2 radius + 1` values with the sum 1: a bell over [-1, 1] in both directions, so
/// that its width `sigma` is in units of the radius.
pub(crate) fn bell(radius: u32, sigma: f64) -> Vec<f64> {
    let place = |at: u32| f64::from(at) / f64::from(radius) - 1.0;
    let places = || (0..=2 * radius).map(place);
    let values: Vec<f64> = places()
        .flat_map(|y| places().map(move |x| libm::exp(-(x * x + y * y) / (2.0 * sigma * sigma))))
        .collect();
    let sum: f64 = values.iter().sum();
    values.into_iter().map(|value| value / sum).collect()
}

/// Each channel of an image with a square of `2 radius + 1` values, mirrored at the border.
pub(crate) fn apply(image: &Tensor, radius: u32, kernel: &[f64]) -> Result<Tensor, Error> {
    let side = 2 * radius + 1;
    let values: Vec<f32> = kernel.iter().map(|&value| value as f32).collect();
    let kernel = Tensor::from_f32(&[side, side], &values)?;
    picture::from_planes(&picture::to_planes(image)?.convolve(&kernel, Edge::Reflect)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bell_is_round_and_sums_to_1() {
        let bell = super::bell(1, 1.0);
        assert!((bell.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!((bell[0], bell[1]), (bell[8], bell[3]));
        assert!((bell[4] / bell[1] - libm::exp(0.5)).abs() < 1e-12);
    }
}
