//! What an unfinished latent looks like, without the codec: a linear map of its channels to colours.
//!
//! The factors are those that K. Turner ("Keturn") fitted for Stable Diffusion 1.4 and published in
//! the Hugging Face forum ("Decoding latents to RGB without upscaling", 2022).

use amdm::math::Tensor as _;

use super::PIXELS;
use crate::pixels::{self, Filter};
use crate::{Result, Tensor, planes};

/// Red, green and blue of each channel of a latent as networks see it.
const FACTORS: [[f32; 3]; 4] = [
    [0.298, 0.207, 0.208],
    [0.187, 0.286, 0.173],
    [-0.158, 0.189, 0.264],
    [-0.184, -0.271, -0.473],
];

/// Images [batch, height, width, 3] in [0, 1] of `latent` [batch, 4, height, width], which is as
/// networks see it, at the size that the codec would give.
pub(super) fn image(latent: &Tensor) -> Result<Tensor> {
    let &[batch, channels, height, width] = latent.extents() else {
        return planes::to_image(latent);
    };
    let area = height as usize * width as usize;
    let values = latent.read()?;
    let mut colours = Vec::with_capacity(batch as usize * 3 * area);
    for row in values.chunks_exact((channels as usize * area).max(1)) {
        for colour in 0..3 {
            let begin = colours.len();
            colours.resize(begin + area, 0.0_f32);
            for (channel, factors) in row.chunks_exact(area).zip(FACTORS) {
                let places = colours[begin..].iter_mut().zip(channel);
                places.for_each(|(to, value)| *to += value * factors[colour]);
            }
        }
    }
    let small = Tensor::from_f32(latent.device(), &[batch, 3, height, width], colours)?;
    let small = planes::to_image(&small.affine(0.5, 0.5)?.clamp(0.0, 1.0)?)?;
    pixels::resize(&small, width * PIXELS, height * PIXELS, Filter::Bilinear)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn an_even_latent_is_an_even_image_of_the_codecs_size() {
        let device = Device::cpu(1).unwrap();
        let mut values = vec![1.0; 6];
        values.extend(vec![0.0; 18]);
        let latent = Tensor::from_f32(&device, &[1, 4, 2, 3], values).unwrap();
        let image = image(&latent).unwrap();
        assert_eq!(image.extents(), [1, 16, 24, 3]);
        let values = image.to_f32().unwrap();
        let expected = [0.649, 0.6035, 0.604];
        let near = |pixel: &[f32]| pixel.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(values.chunks_exact(3).all(near), "{:?}", &values[..3]);
    }
}
