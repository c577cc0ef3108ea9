//! `VAELoader`: a codec in a file of its own.

use amdm_sdk::{Call, Codec, Error};

use crate::pack::vae_loader::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let codec = Codec::load(&inputs.vae_name).map_err(|error| error.at("vae_name"))?;
    Ok(Outputs { vae: codec.to_object() })
}
