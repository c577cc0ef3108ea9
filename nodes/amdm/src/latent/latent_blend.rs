//! `LatentBlend`: two latents mixed.

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Call, Error};

use super::value;
use crate::area;
use crate::pack::latent_blend::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let Inputs { samples1: latent, samples2, blend_factor: share } = inputs;
    value::together(&latent, &samples2)?;
    let (a, mut b) = (value::planes(&latent)?, value::planes(&samples2)?);
    if a.shape() != b.shape() {
        let sides = area::sides(&a, area::LATENT)?;
        b = value::fit(b, sides, Resampling::Bicubic, true)?;
    }
    let samples = a.affine(share, 0.0)?.add(&b.affine(1.0 - share, 0.0)?)?;
    Ok(Outputs { latent: value::with_samples(&latent, samples)? })
}
