//! The mean of a square around every pixel, one axis after the other.
//!
//! Only tensor operations: pixels never leave the device. Beyond the edge, the edge goes on.

use alloc::vec::Vec;

use amdm_sdk::{Error, Tensor};

/// Axes of an image [batch, height, width, channels].
const HEIGHT: u32 = 1;
const WIDTH: u32 = 2;

pub(crate) fn mean(image: Tensor, radius: u32) -> Result<Tensor, Error> {
    along(&along(&image, HEIGHT, radius)?, WIDTH, radius)
}

fn along(image: &Tensor, axis: u32, radius: u32) -> Result<Tensor, Error> {
    let shape = image.shape();
    let length = match shape.get(axis as usize) {
        Some(length) if shape.len() == 4 => *length,
        _ => return Err(Error::invalid("found no image of four axes").at("image")),
    };
    let first = image.narrow(axis, 0, 1)?;
    let last = image.narrow(axis, length - 1, 1)?;
    let mut parts: Vec<&Tensor> = (0..radius).map(|_| &first).collect();
    parts.push(image);
    parts.extend((0..radius).map(|_| &last));
    let wide = Tensor::concat(&parts, axis)?;
    let window = 2 * radius + 1;
    let shifted: Result<Vec<Tensor>, Error> =
        (0..window).map(|start| wide.narrow(axis, start, length)).collect();
    let shifted = shifted?;
    let terms: Vec<_> = shifted.iter().map(|term| (term, 1.0 / f64::from(window))).collect();
    Tensor::linear_combination(&terms)
}
