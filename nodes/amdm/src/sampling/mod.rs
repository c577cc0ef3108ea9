//! Lanes, latents and the sampler.

pub(crate) mod decode_latent;
pub(crate) mod empty_latent;
pub(crate) mod encode_image;
pub(crate) mod lane;
pub(crate) mod latent_from_batch;
pub(crate) mod sampler;

mod latent;
mod noise;
mod steps;
