//! Lanes, latents and the sampler.

pub(crate) mod decode_latent;
pub(crate) mod empty_latent;
pub(crate) mod encode_image;
pub(crate) mod k_sampler;
pub(crate) mod k_sampler_advanced;
pub(crate) mod lane;
pub(crate) mod latent_from_batch;
pub(crate) mod sampler;

pub(crate) mod latent;
mod named;
mod noise;
mod steps;
