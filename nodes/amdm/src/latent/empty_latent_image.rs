//! `EmptyLatentImage`: zeros for a size, of no model's space yet.

use alloc::vec;

use amdm_sdk::{Call, Error, Object, Tensor, Value};

use super::value::SAMPLES;
use crate::pack::empty_latent_image::{Inputs, Outputs};

/// Channels of the latent, and pixels of the image to a value.
const CHANNELS: u32 = 4;
pub(crate) const PIXELS: u32 = 8;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let shape = [inputs.batch_size, CHANNELS, inputs.height / PIXELS, inputs.width / PIXELS];
    let samples = Value::Tensor(Tensor::full(&shape, 0.0)?);
    Ok(Outputs { latent: Object::build("LATENT", vec![(SAMPLES, samples)])? })
}
