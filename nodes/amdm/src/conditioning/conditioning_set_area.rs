//! `ConditioningSetArea`: a rectangle in pixels, which is all that the network sees.

use alloc::format;

use amdm_sdk::{Call, Error};

use super::entry;
use crate::pack::conditioning_set_area::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { conditioning, width, height, x, y, strength } = inputs;
    let area = format!(r#"{{"x":{x},"y":{y},"width":{width},"height":{height},"unit":"pixels"}}"#);
    Ok(Outputs { conditioning: entry::set_area(&conditioning, area, strength)? })
}
