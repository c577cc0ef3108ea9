//! `ConditioningSetAreaPercentage`: a rectangle in fractions of the image.

use alloc::format;

use amdm_sdk::{Call, Error};

use super::entry;
use crate::pack::conditioning_set_area_percentage::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { conditioning, width, height, x, y, strength } = inputs;
    let area =
        format!(r#"{{"x":{x},"y":{y},"width":{width},"height":{height},"unit":"fraction"}}"#);
    Ok(Outputs { conditioning: entry::set_area(&conditioning, area, strength)? })
}
