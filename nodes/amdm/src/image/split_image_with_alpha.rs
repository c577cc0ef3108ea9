//! `SplitImageWithAlpha`: colours and transparency of images apart.

use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::pack::split_image_with_alpha::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [batch, height, width, channels] = picture::size(&inputs.image)?;
    let shape = [batch, height, width];
    let mask = match channels {
        4 => inputs.image.narrow(3, 3, 1)?.affine(-1.0, 1.0)?.reshape(&shape)?,
        _ => Tensor::full(&shape, 0.0)?,
    };
    Ok(Outputs { image: picture::rgb(inputs.image)?, mask })
}
