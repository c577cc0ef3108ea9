//! `ImageCompositeMasked`: images put into others, through a mask where there is one.

use amdm_sdk::images::Filter;
use amdm_sdk::{Call, Error};

use super::picture;
use crate::area;
use crate::composite::composite;
use crate::pack::image_composite_masked::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mut source = picture::alike(inputs.source, &inputs.destination)?;
    if inputs.resize_source {
        let sides = area::sides(&inputs.destination, area::IMAGE)?;
        source = picture::fit(source, sides, Filter::Bilinear, false)?;
    }
    let at = [inputs.y, inputs.x];
    let image = composite(inputs.destination, source, area::IMAGE, at, inputs.mask)?;
    Ok(Outputs { image })
}
