//! Pictures as tensors: resizing, and conversion to and from rows of 8-bit values.
//!
//! Images are [batch, height, width, channels] in [0, 1] with 1, 3 or 4 channels; all channels are
//! treated alike, alpha too. Work happens in float32 on the CPU, wherever the tensor lives.

use amdm::error::{Code, Error};
use fast_image_resize as fir;
use fir::images::{TypedImage, TypedImageRef};
use fir::pixels::{F32, F32x3, F32x4};
use pulp::bytemuck;

use crate::tensor::shape;
use crate::{Device, Result, Tensor};

/// How new pixels are made of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The pixel under the centre of the new one.
    NearestExact,
    /// Linear between four neighbours, also when shrinking (no anti-aliasing).
    Bilinear,
    /// The mean of the pixels whose centres the new one covers; exact for whole factors.
    Area,
    /// Cubic (a = -0.75) between sixteen neighbours, no anti-aliasing; clamped to [0, 1].
    Bicubic,
    /// Lanczos with three lobes, anti-aliased; clamped to [0, 1].
    Lanczos,
}

/// Scales every image of the batch to `width` x `height` pixels.
///
/// # Errors
/// `invalid_input` for a tensor that is no image, `limit_exceeded` for too large a result.
pub fn resize(image: &Tensor, width: u32, height: u32, filter: Filter) -> Result<Tensor> {
    let [batch, old_height, old_width, channels] = extents(image)?;
    let target = [batch, height, width, channels];
    let mut out = vec![0.0; shape::count(&target)?];
    let source = image.read()?;
    let sizes = Sizes { from: (old_width, old_height), to: (width, height), filter };
    let rows = source.chunks_exact(source.len() / batch as usize);
    let step = out.len() / batch as usize;
    for (from, to) in rows.zip(out.chunks_exact_mut(step)) {
        match channels {
            1 => sizes.resize::<F32>(from, to),
            3 => sizes.resize::<F32x3>(from, to),
            _ => sizes.resize::<F32x4>(from, to),
        }?;
    }
    if matches!(filter, Filter::Bicubic | Filter::Lanczos) {
        out.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
    }
    Tensor::from_f32(image.device(), &target, out)
}

struct Sizes {
    from: (u32, u32),
    to: (u32, u32),
    filter: Filter,
}

impl Sizes {
    fn resize<P: fir::PixelTrait>(&self, from: &[f32], to: &mut [f32]) -> Result<()> {
        let internal = |e: &dyn std::error::Error| {
            Error::new(Code::Internal, format!("the image cannot be resized: {e}"))
        };
        let bytes = bytemuck::cast_slice(from);
        let source = TypedImageRef::<P>::from_buffer(self.from.0, self.from.1, bytes)
            .map_err(|e| internal(&e))?;
        let bytes = bytemuck::cast_slice_mut(to);
        let mut target =
            TypedImage::<P>::from_buffer(self.to.0, self.to.1, bytes).map_err(|e| internal(&e))?;
        let algorithm = algorithm(self.filter).map_err(|e| internal(&e))?;
        let options = fir::ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
        let mut resizer = fir::Resizer::new();
        resizer.resize_typed(&source, &mut target, &options).map_err(|e| internal(&e))
    }
}

fn algorithm(filter: Filter) -> std::result::Result<fir::ResizeAlg, fir::CreateFilterError> {
    Ok(match filter {
        Filter::NearestExact => fir::ResizeAlg::Nearest,
        Filter::Bilinear => fir::ResizeAlg::Interpolation(fir::FilterType::Bilinear),
        Filter::Area => fir::ResizeAlg::Convolution(fir::FilterType::Box),
        Filter::Bicubic => {
            let cubic = fir::Filter::new("cubic", cubic, 2.0)?;
            fir::ResizeAlg::Interpolation(fir::FilterType::Custom(cubic))
        }
        Filter::Lanczos => fir::ResizeAlg::Convolution(fir::FilterType::Lanczos3),
    })
}

/// The cubic convolution kernel of Keys (1981) with a = -0.75, as torch has it.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.75;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// A value of an image as 8 bits: clamped to [0, 1], scaled to 255 and rounded, halves up. Not a
/// number becomes 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn quantise(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
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
    let values: Vec<f32> = values.iter().map(|&value| f32::from(value) / 255.0).collect();
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
