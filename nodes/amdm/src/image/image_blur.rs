//! `ImageBlur`: images softened with a bell.

use amdm_sdk::{Call, Error};

use super::kernel;
use crate::pack::image_blur::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let bell = kernel::bell(inputs.blur_radius, inputs.sigma);
    Ok(Outputs { image: kernel::apply(&inputs.image, inputs.blur_radius, &bell)? })
}
