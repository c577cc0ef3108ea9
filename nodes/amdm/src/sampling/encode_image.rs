//! `EncodeImage`: the latent of images, through a model's encoder.

use amdm_sdk::{Call, Error, Model};

use super::latent;
use crate::image::picture;
use crate::pack::encode_image::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::from_object(&inputs.model)?;
    let codec = model.codec()?;
    let samples = codec.encode(&picture::rgb(inputs.image)?, None)?;
    Ok(Outputs { latent: latent::build(samples, codec.latent().space)? })
}
