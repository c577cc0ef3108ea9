//! `LatentMultiply`: a latent times a number.

use amdm_sdk::{Call, Error};

use super::value;
use crate::pack::latent_multiply::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let samples = value::samples(&inputs.samples)?.affine(inputs.multiplier, 0.0)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples, samples)? })
}
