//! Decoded pictures as tensors of 8-bit values.
//!
//! Deeper values come out as Pillow reads them: of colours, and of grey with transparency, the upper
//! eight bits stay; plain grey of 16 bits is clipped at 255.

use amdm::error::Error;
use amdm_diffusion::{Device, Tensor};
use image::{DynamicImage, ImageBuffer, Pixel};

/// The picture as `[1, height, width, 3 or 4]`, float32 in [0, 1]; 4 where it has transparency.
pub(super) fn to_tensor(device: &Device, picture: DynamicImage) -> Result<Tensor, Error> {
    let picture = eight_bits(picture);
    let (width, height) = (picture.width(), picture.height());
    let (channels, values) = if picture.color().has_alpha() {
        (4, picture.into_rgba32f().into_raw())
    } else {
        (3, picture.into_rgb32f().into_raw())
    };
    Tensor::from_f32(device, &[1, height, width, channels], values)
}

fn eight_bits(picture: DynamicImage) -> DynamicImage {
    let upper = |value: u16| (value >> 8) as u8;
    match picture {
        DynamicImage::ImageLuma16(image) => {
            narrowed(image, |value| value.min(255) as u8).map(DynamicImage::ImageLuma8)
        }
        DynamicImage::ImageLumaA16(image) => narrowed(image, upper).map(DynamicImage::ImageLumaA8),
        DynamicImage::ImageRgb16(image) => narrowed(image, upper).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba16(image) => narrowed(image, upper).map(DynamicImage::ImageRgba8),
        other => Some(other),
    }
    .unwrap_or_default()
}

/// The same picture with narrower values.
fn narrowed<P, Q>(
    image: ImageBuffer<P, Vec<u16>>,
    narrow: impl Fn(u16) -> u8,
) -> Option<ImageBuffer<Q, Vec<u8>>>
where
    P: Pixel<Subpixel = u16>,
    Q: Pixel<Subpixel = u8>,
{
    let (width, height) = image.dimensions();
    ImageBuffer::from_raw(width, height, image.into_raw().into_iter().map(narrow).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(picture: DynamicImage) -> Vec<f32> {
        let tensor = to_tensor(&Device::cpu(1).unwrap(), picture).unwrap();
        tensor.to_f32().unwrap().into_iter().map(|value| (value * 255.0).round()).collect()
    }

    #[test]
    fn deep_values_come_out_as_pillow_reads_them() {
        let grey = ImageBuffer::from_raw(3, 1, vec![7, 256, 65_535]).unwrap();
        let grey = values(DynamicImage::ImageLuma16(grey));
        assert_eq!([grey[0], grey[3], grey[6]], [7.0, 255.0, 255.0]);
        let colour = ImageBuffer::from_raw(1, 1, vec![0x12ff, 0xff00, 0x00ff, 0x8000]).unwrap();
        let colour = values(DynamicImage::ImageRgba16(colour));
        assert_eq!(colour, [18.0, 255.0, 0.0, 128.0]);
    }
}
