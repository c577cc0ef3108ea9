//! `LatentAdd`: the sum of two latents.

use amdm_sdk::{Call, Error};

use super::value;
use crate::pack::latent_add::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let (a, b) = value::pair(&inputs.samples1, &inputs.samples2)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples1, a.add(&b)?)? })
}
