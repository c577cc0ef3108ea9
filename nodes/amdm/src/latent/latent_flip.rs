//! `LatentFlip`: latents mirrored.

use amdm_sdk::{Call, Error};

use super::value;
use crate::area;
use crate::pack::latent_flip::{FlipMethod, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [rows, columns] = area::LATENT;
    let axis = match inputs.flip_method {
        FlipMethod::Vertically => rows,
        FlipMethod::Horizontally => columns,
    };
    let samples = value::planes(&inputs.samples)?.flip(axis)?;
    Ok(Outputs { latent: value::with_samples(&inputs.samples, samples)? })
}
