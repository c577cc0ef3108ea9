//! `VAEDecodeTiled`: images of a large latent.

use amdm_sdk::{Call, Error, Tiling};

use crate::pack::vae_decode_tiled::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let tiles = Tiling { size: inputs.tile_size, overlap: inputs.overlap };
    Ok(Outputs { image: super::decode(&inputs.samples, &inputs.vae, Some(tiles))? })
}
