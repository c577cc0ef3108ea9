//! `LatentCompositeMasked`: latents put into others, through a mask where there is one.

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Call, Error};

use super::empty_latent_image::PIXELS;
use super::value;
use crate::area;
use crate::composite::composite;
use crate::pack::latent_composite_masked::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { destination: latent, source, x, y, resize_source, mask } = inputs;
    value::together(&latent, &source)?;
    let destination = value::planes(&latent)?;
    let mut source = value::planes(&source)?;
    if resize_source {
        let sides = area::sides(&destination, area::LATENT)?;
        source = value::fit(source, sides, Resampling::Bilinear, false)?;
    }
    let at = [y / PIXELS, x / PIXELS];
    let samples = composite(destination, source, area::LATENT, at, mask)?;
    Ok(Outputs { latent: value::with_samples(&latent, samples)? })
}
