//! `LatentRotate`: latents turned clockwise.

use amdm_sdk::{Call, Error};

use super::value;
use crate::area;
use crate::pack::latent_rotate::{Inputs, Outputs, Rotation};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [rows, columns] = area::LATENT;
    let samples = value::planes(&inputs.samples)?;
    let turned = match inputs.rotation {
        Rotation::None => samples,
        Rotation::Quarter => samples.transpose(rows, columns)?.flip(columns)?,
        Rotation::Half => samples.flip(rows)?.flip(columns)?,
        Rotation::ThreeQuarters => samples.transpose(rows, columns)?.flip(rows)?,
    };
    Ok(Outputs { latent: value::with_samples(&inputs.samples, turned)? })
}
