//! `ImageScaleBy`: images scaled by a factor.

use amdm_sdk::{Call, Error, images};

use super::picture;
use crate::pack::image_scale_by::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [_, height, width, _] = picture::size(&inputs.image)?;
    let side = |own: u32| (libm::rint(f64::from(own) * inputs.scale_by) as u32).max(1);
    let image = images::resize(&inputs.image, side(width), side(height), inputs.upscale_method)?;
    Ok(Outputs { image })
}
