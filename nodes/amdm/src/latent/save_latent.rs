//! `SaveLatent`: a latent as a file in the output directory, with the graph inside.

use amdm_sdk::{Call, Error, images, json};

use super::value;
use crate::pack::save_latent::Inputs;

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<(), Error> {
    let samples = value::samples(&inputs.samples)?;
    let Some(name) = images::save_latent(&inputs.filename_prefix, &samples)? else {
        return Ok(());
    };
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", &name));
    let shown = json::object([
        ("filename", json::string(file)),
        ("subfolder", json::string(folder)),
        ("type", json::string("output")),
    ]);
    call.set_ui(&json::object([("latents", json::array([shown]))]));
    Ok(())
}
