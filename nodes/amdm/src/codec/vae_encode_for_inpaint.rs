//! `VAEEncodeForInpaint`: the latent of images with a part to paint anew.
//!
//! What lies under the mask is erased to grey before the images are encoded; the mask that the
//! sampler gets is larger by `grow_mask_by`.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::tensors::{Edge, Resampling};
use amdm_sdk::{Call, Codec, Error, Tensor, Value};

use crate::latent::value::{self, NOISE_MASK};
use crate::mask::plane;
use crate::pack::vae_encode_for_inpaint::{Inputs, Outputs};
use crate::{area, batch};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let pixels = inputs.pixels;
    let per_value = Codec::from_object(&inputs.vae)?.latent().pixels;
    let [height, width] = area::sides(&pixels, area::IMAGE)?;
    let mask = plane::planes(inputs.mask)?.resize(height, width, Resampling::Bilinear)?;
    let over = [height % per_value, width % per_value];
    let (at, size) = (over.map(|over| over / 2), [height - over[0], width - over[1]]);
    let pixels = area::cut(&pixels, area::IMAGE, at, size)?;
    let mask = area::cut(&mask, area::IMAGE, at, size)?;
    let round = mask.round()?;
    let shape = round.shape();
    let keep = round.affine(-1.0, 1.0)?.reshape(&[shape[0], size[0], size[1], 1])?;
    let keep = batch::cycle(keep, batch::entries(&pixels))?;
    let erased = pixels.affine(1.0, -0.5)?.mul(&keep)?.affine(1.0, 0.5)?;
    let latent = super::encode(erased, &inputs.vae, None)?;
    let mask = grown(mask, &round, inputs.grow_mask_by)?.round()?;
    let mask = mask.reshape(&[shape[0], 1, size[0], size[1]])?;
    Ok(Outputs { latent: value::with(&latent, vec![(NOISE_MASK, Value::Tensor(mask))])? })
}

/// The mask with a border of `by` pixels in all, one more of them before than after where that is
/// an even number.
fn grown(mask: Tensor, round: &Tensor, by: u32) -> Result<Tensor, Error> {
    if by == 0 {
        return Ok(mask);
    }
    let reach = by / 2;
    let side = 2 * reach + 1;
    let inside = |place: u32| f32::from(place % side < by && place / side < by);
    let kernel = (0..side * side).map(inside).collect::<Vec<_>>();
    let kernel = Tensor::from_f32(&[side, side], &kernel)?;
    round.convolve(&kernel, Edge::Zero)?.clamp(0.0, 1.0)
}
