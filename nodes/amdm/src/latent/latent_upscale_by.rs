//! `LatentUpscaleBy`: latents scaled by a factor.

use amdm_sdk::{Call, Error};

use super::value;
use crate::area;
use crate::pack::latent_upscale_by::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let samples = value::planes(&inputs.samples)?;
    let scaled = |own: u32| (libm::rint(f64::from(own) * inputs.scale_by) as u32).max(1);
    let sides = area::sides(&samples, area::LATENT)?.map(scaled);
    let scaled = value::fit(samples, sides, inputs.upscale_method, false)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples, scaled)? })
}
