//! `GrowMask`: what a mask covers, grown or shrunk.

use amdm_sdk::{Call, Error, images};

use super::plane;
use crate::pack::grow_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mask = plane::planes(inputs.mask)?;
    let pixels = inputs.expand as i32;
    Ok(Outputs { mask: images::grow(&mask, pixels, inputs.tapered_corners)? })
}
