//! Images to latents and back, by a codec of its own.

pub(crate) mod vae_decode;
pub(crate) mod vae_decode_tiled;
pub(crate) mod vae_encode;
pub(crate) mod vae_encode_for_inpaint;
pub(crate) mod vae_encode_tiled;
pub(crate) mod vae_loader;

use amdm_sdk::{Codec, Error, Object, Tensor, Tiling};

use crate::image::picture;
use crate::sampling::latent;

/// Images of a latent.
fn decode(samples: &Object, vae: &Object, tiles: Option<Tiling>) -> Result<Tensor, Error> {
    let codec = Codec::from_object(vae)?;
    let info = codec.latent();
    let samples = latent::of_space(samples, &info.space).map_err(|error| error.at("samples"))?;
    codec.decode(&samples, tiles)
}

/// The latent of images.
fn encode(pixels: Tensor, vae: &Object, tiles: Option<Tiling>) -> Result<Object, Error> {
    let codec = Codec::from_object(vae)?;
    let samples = codec.encode(&picture::rgb(pixels)?, tiles)?;
    latent::build(samples, codec.latent().space)
}
