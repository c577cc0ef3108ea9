//! `MaskToImage`: a mask as a grey image.

use amdm_sdk::{Call, Error};

use super::plane;
use crate::batch;
use crate::image::picture;
use crate::pack::mask_to_image::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mask = plane::planes(inputs.mask)?;
    let [height, width] = plane::sides(&mask)?;
    let grey = mask.reshape(&[batch::entries(&mask), height, width, 1])?;
    Ok(Outputs { image: picture::rgb(grey)? })
}
