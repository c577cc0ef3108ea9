//! `CropMask`: a rectangle of a mask.

use alloc::format;

use amdm_sdk::{Call, Error};

use super::plane;
use crate::area;
use crate::pack::crop_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mask = plane::planes(inputs.mask)?;
    let [height, width] = plane::sides(&mask)?;
    for (input, found, side) in [("x", inputs.x, width), ("y", inputs.y, height)] {
        if found >= side {
            let message = format!("found {found}, expected less than {side}, the mask's side");
            return Err(Error::invalid(message).at(input));
        }
    }
    let at = [inputs.y, inputs.x];
    let size = [inputs.height.min(height - at[0]), inputs.width.min(width - at[1])];
    Ok(Outputs { mask: area::cut(&mask, area::IMAGE, at, size)? })
}
