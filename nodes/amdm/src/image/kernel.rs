//! Blur with a bell, for softening and sharpening.

use alloc::vec::Vec;

use amdm_sdk::tensors::Edge;
use amdm_sdk::{Error, Tensor};

use super::picture;

/// An image with a bell over `2 radius + 1` pixels in both directions, mirrored at the border. The
/// bell's width `sigma` is in units of the radius.
pub(crate) fn blur(image: &Tensor, radius: u32, sigma: f64) -> Result<Tensor, Error> {
    let (side, weights) = (2 * radius + 1, bell(radius, sigma));
    let across = Tensor::from_f32(&[1, side], &weights)?;
    let planes = picture::to_planes(image)?.convolve(&across, Edge::Reflect)?;
    let down = across.reshape(&[side, 1])?;
    picture::from_planes(&planes.convolve(&down, Edge::Reflect)?)
}

/// Values over [-1, 1] with the sum 1.
fn bell(radius: u32, sigma: f64) -> Vec<f32> {
    let place = |at: u32| f64::from(at) / f64::from(radius) - 1.0;
    let value = |at: u32| libm::exp(-place(at) * place(at) / (2.0 * sigma * sigma));
    let values: Vec<f64> = (0..=2 * radius).map(value).collect();
    let sum: f64 = values.iter().sum();
    values.into_iter().map(|value| (value / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bell_is_even_and_sums_to_1() {
        let bell = super::bell(1, 1.0);
        assert!((bell.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(bell[0], bell[2]);
        assert!((bell[1] / bell[0] - 1.648_721_3).abs() < 1e-6);
    }
}
