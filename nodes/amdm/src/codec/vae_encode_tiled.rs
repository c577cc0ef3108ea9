//! `VAEEncodeTiled`: the latent of large images.

use amdm_sdk::{Call, Error, Tiling};

use crate::pack::vae_encode_tiled::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let tiles = Tiling { size: inputs.tile_size, overlap: inputs.overlap };
    Ok(Outputs { latent: super::encode(inputs.pixels, &inputs.vae, Some(tiles))? })
}
