//! `JoinImageWithAlpha`: images with the transparency of a mask.

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::batch;
use crate::mask::plane;
use crate::pack::join_image_with_alpha::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [_, height, width, _] = picture::size(&inputs.image)?;
    let mask = plane::planes(inputs.alpha)?.resize(height, width, Resampling::Bilinear)?;
    let entries = batch::entries(&inputs.image).max(batch::entries(&mask));
    let opacity = batch::cycle(mask.affine(-1.0, 1.0)?, entries)?;
    let opacity = opacity.reshape(&[entries, height, width, 1])?;
    let image = batch::cycle(picture::rgb(inputs.image)?, entries)?;
    Ok(Outputs { image: Tensor::concat(&[&image, &opacity], 3)? })
}
