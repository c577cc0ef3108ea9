//! `LatentFromBatch`: some entries of a batch of latents.

use alloc::string::String;

use amdm_sdk::{Call, Error, Tensor};

use super::latent;
use crate::batch;
use crate::pack::latent_from_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let samples: Tensor = inputs.samples.get("samples")?;
    let picked = batch::pick(&samples, inputs.batch_index, inputs.length)?;
    let space: Option<String> = inputs.samples.get_optional("latent-space")?;
    Ok(Outputs { latent: latent::build(picked, space)? })
}
