//! `Canny`: edges of images.

use amdm_sdk::{Call, Error, images};

use super::picture;
use crate::pack::canny::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let image = picture::rgb(inputs.image)?;
    Ok(Outputs { image: images::edges(&image, inputs.low_threshold, inputs.high_threshold)? })
}
