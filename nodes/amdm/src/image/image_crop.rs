//! `ImageCrop`: a rectangle of images.

use amdm_sdk::{Call, Error};

use crate::area;
use crate::pack::image_crop::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [height, width] = area::sides(&inputs.image, area::IMAGE)?;
    let at = [inputs.y.min(height - 1), inputs.x.min(width - 1)];
    let size = [inputs.height.min(height - at[0]), inputs.width.min(width - at[1])];
    Ok(Outputs { image: area::cut(&inputs.image, area::IMAGE, at, size)? })
}
