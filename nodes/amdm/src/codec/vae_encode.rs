//! `VAEEncode`: the latent of images.

use amdm_sdk::{Call, Error};

use crate::pack::vae_encode::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { latent: super::encode(inputs.pixels, &inputs.vae, None)? })
}
