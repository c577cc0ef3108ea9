//! `CheckpointLoaderSimple`: a network, its text encoder and its codec.

use amdm_sdk::{Call, Error, Model};

use crate::pack::checkpoint_loader_simple::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let model = Model::load(&inputs.ckpt_name, "").map_err(|error| error.at("ckpt_name"))?;
    let clip = match call.output_wanted("clip") {
        true => Some(model.text_encoder()?.to_object()),
        false => None,
    };
    let vae = match call.output_wanted("vae") {
        true => Some(model.codec()?.to_object()),
        false => None,
    };
    Ok(Outputs { model: model.to_object(), clip, vae })
}
