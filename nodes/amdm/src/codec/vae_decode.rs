//! `VAEDecode`: images of a latent.

use amdm_sdk::{Call, Error};

use crate::pack::vae_decode::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { image: super::decode(&inputs.samples, &inputs.vae, None)? })
}
