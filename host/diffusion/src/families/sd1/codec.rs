//! The autoencoder of a checkpoint as the rest sees it: pictures in [0, 1], rows of pixels, tiles.

use amdm::math::Tensor as _;

use super::model::latent;
use super::{GROUPS, PIXELS, Vae, tiles};
use crate::weights::Weights;
use crate::{Cancel, Codec, LatentInfo, Result, Tensor, Tiling, pixels, planes};

/// Colours of a picture.
const COLOURS: u32 = 3;

/// A codec.
pub(super) struct SdCodec {
    name: String,
    latent: LatentInfo,
    vae: Vae,
}

impl SdCodec {
    /// The autoencoder in `weights`.
    pub fn load(name: &str, weights: &Weights<'_>) -> Result<Self> {
        Ok(Self { name: name.into(), latent: latent(), vae: Vae::load(weights, GROUPS)? })
    }
}

impl Codec for SdCodec {
    fn name(&self) -> &str {
        &self.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.latent
    }

    fn encode(&self, image: &Tensor, tiles: Option<Tiling>, cancel: Cancel<'_>) -> Result<Tensor> {
        let pictures = centred(image)?;
        match tiles {
            Some(tiles) => tiles::encode(&pictures, tiles, &|part| self.vae.encode(part, cancel)),
            None => self.vae.encode(&pictures, cancel),
        }
    }

    fn decode(&self, latent: &Tensor, tiles: Option<Tiling>, cancel: Cancel<'_>) -> Result<Tensor> {
        let pictures = match tiles {
            Some(tiles) => tiles::decode(latent, tiles, &|part| self.vae.decode(part, cancel))?,
            None => self.vae.decode(latent, cancel)?,
        };
        planes::to_image(&pictures.affine(0.5, 0.5)?.clamp(0.0, 1.0)?)
    }
}

/// Pictures [batch, height, width, 3 or 4] in [0, 1] as planes [batch, 3, height, width] in [-1, 1],
/// their sides cut evenly to multiples of a latent's pixels.
fn centred(image: &Tensor) -> Result<Tensor> {
    let [_, height, width, _] = pixels::extents(image)?;
    let mut image = image.narrow(3, 0, COLOURS)?;
    for (axis, side) in [(1, height), (2, width)] {
        let over = side % PIXELS;
        if over > 0 {
            image = image.narrow(axis, over / 2, side - over)?;
        }
    }
    planes::of(&image)?.affine(2.0, -1.0)
}
