//! `ImageScaleToTotalPixels`: images with about so many pixels, in their proportions.

use amdm_sdk::{Call, Error};

use super::picture;
use crate::pack::image_scale_to_total_pixels::{Inputs, Outputs};

/// Pixels of a megapixel.
const UNIT: f64 = 1024.0 * 1024.0;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [_, height, width, _] = picture::size(&inputs.image)?;
    let own = f64::from(width) * f64::from(height);
    let factor = libm::sqrt(inputs.megapixels * UNIT / own);
    let sides = [height, width].map(|side| (libm::rint(f64::from(side) * factor) as u32).max(1));
    Ok(Outputs { image: picture::fit(inputs.image, sides, inputs.upscale_method, false)? })
}
