//! `LatentSubtract`: one latent less another.

use amdm_sdk::{Call, Error};

use super::value;
use crate::pack::latent_subtract::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let (a, b) = value::pair(&inputs.samples1, &inputs.samples2)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples1, a.sub(&b)?)? })
}
