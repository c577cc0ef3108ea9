//! Latents: made, changed, joined.

pub(crate) mod empty_latent_image;
pub(crate) mod latent_add;
pub(crate) mod latent_batch;
pub(crate) mod latent_blend;
pub(crate) mod latent_composite;
pub(crate) mod latent_composite_masked;
pub(crate) mod latent_crop;
pub(crate) mod latent_flip;
pub(crate) mod latent_interpolate;
pub(crate) mod latent_multiply;
pub(crate) mod latent_rotate;
pub(crate) mod latent_subtract;
pub(crate) mod latent_upscale;
pub(crate) mod latent_upscale_by;
pub(crate) mod repeat_latent_batch;
pub(crate) mod save_latent;
pub(crate) mod set_latent_noise_mask;

pub(crate) mod value;
