//! `ImageBlur`: images softened with a bell.

use amdm_sdk::{Call, Error};

use super::kernel::blur;
use crate::pack::image_blur::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { image: blur(&inputs.image, inputs.blur_radius, inputs.sigma)? })
}
