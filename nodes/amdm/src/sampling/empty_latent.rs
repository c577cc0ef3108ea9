//! `EmptyLatent`: zeros of a model's latent shape, to start a sampling from.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Model, Tensor};

use super::latent;
use crate::batch;
use crate::pack::empty_latent::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let info = Model::from_object(&inputs.model)?.info();
    let mut shape = vec![1];
    shape.extend_from_slice(&info.latent_shape);
    let count: usize = shape.iter().map(|side| *side as usize).product();
    let zeros: Vec<f32> = vec![0.0; count];
    let one = Tensor::from_f32(&shape, &zeros)?;
    let samples = batch::repeat(one, inputs.batch_size)?;
    Ok(Outputs { latent: latent::build(samples, info.latent.space)? })
}
