//! Pictures as tensors: resizing, and conversion to and from rows of 8-bit values.
//!
//! Images are [batch, height, width, channels] in [0, 1] with 1, 3 or 4 channels. Work happens on
//! the CPU, wherever the tensor lives.

mod edges;
mod grow;
mod lanczos;

use amdm::error::Error;

pub use self::edges::edges;
pub use self::grow::grow;
use crate::tensor::resample::{self, Axis, Method, Planes};
use crate::tensor::shape;
use crate::{Device, Result, Tensor};

/// How new pixels are made of old ones. Results are not clamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The pixel under the centre of the new one.
    NearestExact,
    /// Linear between four neighbours, also when shrinking (no anti-aliasing).
    Bilinear,
    /// The mean of the pixels that the new one covers.
    Area,
    /// Cubic (a = -0.75) between sixteen neighbours, no anti-aliasing.
    Bicubic,
    /// Lanczos with three lobes, anti-aliased, in 8-bit values as Pillow computes it.
    Lanczos,
}

/// Scales every image of the batch to `width` x `height` pixels.
///
/// # Errors
/// `invalid_input` for a tensor that is no image, `limit_exceeded` for too large a result or a side
/// above 65,536.
pub fn resize(image: &Tensor, width: u32, height: u32, filter: Filter) -> Result<Tensor> {
    let [batch, old_height, old_width, channels] = extents(image)?;
    let target = [batch, resample::side(height)?, resample::side(width)?, channels];
    let count = shape::count(&target)?;
    let axis = |from: u32, to: u32| Axis { from: from as usize, to: to as usize };
    let planes = Planes {
        height: axis(old_height, height),
        width: axis(old_width, width),
        inner: channels as usize,
    };
    let method = match filter {
        Filter::NearestExact => Method::NearestExact,
        Filter::Bilinear => Method::Bilinear,
        Filter::Area => Method::Area,
        Filter::Bicubic => Method::Bicubic,
        Filter::Lanczos => {
            let out = lanczos::resize(to_rows(image)?, planes)?;
            return Tensor::from_f32(image.device(), &target, out);
        }
    };
    let mut out = vec![0.0; count];
    resample::resample(&image.read()?, &mut out, planes, method);
    Tensor::from_f32(image.device(), &target, out)
}

/// A value of an image as 8 bits: scaled to 255, clamped and cut down to the whole number below, as
/// image nodes of the ComfyUI family do. Not a number becomes 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn quantise(value: f32) -> u8 {
    (value * 255.0).clamp(0.0, 255.0) as u8
}

/// The value that an 8-bit one stands for: 255 is 1.
fn dequantise(value: u8) -> f32 {
    f32::from(value) / 255.0
}

/// The images as 8-bit values ([`quantise`]), one `Vec` of height * width * channels an image.
///
/// # Errors
/// `invalid_input` for a tensor that is no image.
pub fn to_rows(image: &Tensor) -> Result<Vec<Vec<u8>>> {
    let [batch, ..] = extents(image)?;
    let values = image.read()?;
    let images = values.chunks_exact(values.len() / batch as usize);
    Ok(images.map(|image| image.iter().copied().map(quantise).collect()).collect())
}

/// One image of 8-bit values, row-major with the channels of a pixel together, as a tensor
/// [1, height, width, channels]; 255 becomes 1.
///
/// # Errors
/// `invalid_input` where the number of values does not fit, `limit_exceeded` for a large image.
pub fn from_rows(
    device: &Device,
    width: u32,
    height: u32,
    channels: u32,
    values: &[u8],
) -> Result<Tensor> {
    let target = [1, height, width, channels];
    shape::count(&target)?;
    let values: Vec<f32> = values.iter().copied().map(dequantise).collect();
    Tensor::from_f32(device, &target, values)
}

/// The extents of an image tensor.
pub(crate) fn extents(image: &Tensor) -> Result<[u32; 4]> {
    match *image.extents() {
        [batch, height, width, channels @ (1 | 3 | 4)] => Ok([batch, height, width, channels]),
        ref found => Err(Error::invalid(format!(
            "found shape {found:?}, expected an image [batch, height, width, 1, 3 or 4]"
        ))),
    }
}
