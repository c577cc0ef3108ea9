//! `DecodeLatent`: images of a latent, through its model's decoder.

use amdm_sdk::{Call, Error, Model};

use super::latent;
use crate::pack::decode_latent::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::from_object(&inputs.model)?;
    let samples = latent::samples(&inputs.latent, &model.info())?;
    Ok(Outputs { image: model.codec()?.decode(&samples, None)? })
}
