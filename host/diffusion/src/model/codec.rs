//! What turns images into latents and back; the same contract as interface `codecs` in
//! `wit/codecs.wit`.

use amdm::math::Tensor as _;

use super::Cancel;
use crate::{Result, Tensor};

/// What latents are.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentInfo {
    /// Latents of one space can be mixed, decoded by the same codecs, and sampled by models of the
    /// space.
    pub space: String,
    /// Pixels of the image for each value of the latent, in width and in height.
    pub pixels: u32,
    /// A network sees `(latent - shift) * scale`: one number, or one for each channel.
    pub scale: Vec<f64>,
    /// See `scale`; as many numbers.
    pub shift: Vec<f64>,
}

impl LatentInfo {
    /// Latents that networks see as they are, a value for each pixel.
    pub fn plain(space: impl Into<String>) -> Self {
        Self { space: space.into(), pixels: 1, scale: vec![1.0], shift: vec![0.0] }
    }
}

impl LatentInfo {
    /// What a wire carries, from what the network sees: `latent / scale + shift`.
    ///
    /// # Errors
    /// `invalid_input` where the latent has not as many channels as there are numbers.
    pub fn to_wire(&self, latent: &Tensor) -> Result<Tensor> {
        match (self.scale.as_slice(), self.shift.as_slice()) {
            (&[scale], &[shift]) if (scale, shift) == (1.0, 0.0) => Ok(latent.clone()),
            (&[scale], &[shift]) => latent.affine(1.0 / scale, shift),
            (scale, shift) => {
                let numbers = |of: &[f64]| {
                    let mut shape = vec![1; latent.extents().len()];
                    if let Some(channels) = shape.get_mut(1) {
                        *channels = of.len() as u32;
                    }
                    let values = of.iter().map(|&number| number as f32).collect::<Vec<_>>();
                    Tensor::from_f32(latent.device(), &shape, values)
                };
                latent.div(&numbers(scale)?)?.add(&numbers(shift)?)
            }
        }
    }
}

/// Parts of an image that are worked on one after the other, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Height and width of a part.
    pub size: u32,
    /// What neighbours share.
    pub overlap: u32,
}

/// Images to latents and back. One may be shared by many models.
pub trait Codec: Send + Sync {
    /// What it was loaded by.
    fn name(&self) -> &str;

    /// What its latents are.
    fn latent(&self) -> &LatentInfo;

    /// Image [batch, height, width, channels] in [0, 1] to latent.
    ///
    /// # Errors
    /// `invalid_input` for sizes it does not take, `unsupported` where it has no tiles or no
    /// encoder, `cancelled` once `cancel` says so.
    fn encode(&self, image: &Tensor, tiles: Option<Tiling>, cancel: Cancel<'_>) -> Result<Tensor>;

    /// Latent to image [batch, height, width, channels] in [0, 1].
    ///
    /// # Errors
    /// `invalid_input` for a latent that is not its own, `unsupported` where it has no tiles or no
    /// decoder, `cancelled` once `cancel` says so.
    fn decode(&self, latent: &Tensor, tiles: Option<Tiling>, cancel: Cancel<'_>) -> Result<Tensor>;
}
