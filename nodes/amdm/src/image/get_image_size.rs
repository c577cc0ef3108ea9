//! `GetImageSize`: how large images are, and how many.

use amdm_sdk::{Call, Error};

use super::picture;
use crate::pack::get_image_size::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [batch, height, width, _] = picture::size(&inputs.image)?.map(i64::from);
    Ok(Outputs { width, height, batch_size: batch })
}
