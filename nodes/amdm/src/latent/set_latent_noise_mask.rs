//! `SetLatentNoiseMask`: where a sampler may change latents.

use alloc::vec;

use amdm_sdk::{Call, Error, Value};

use super::value::{self, NOISE_MASK};
use crate::batch;
use crate::mask::plane;
use crate::pack::set_latent_noise_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mask = plane::planes(inputs.mask)?;
    let [height, width] = plane::sides(&mask)?;
    let mask = mask.reshape(&[batch::entries(&mask), 1, height, width])?;
    let fields = vec![(NOISE_MASK, Value::Tensor(mask))];
    Ok(Outputs { latent: value::with(&inputs.samples, fields)? })
}
