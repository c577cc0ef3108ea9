//! `ImageInvert`: the negative of images.

use amdm_sdk::{Call, Error};

use crate::pack::image_invert::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { image: inputs.image.affine(-1.0, 1.0)? })
}
