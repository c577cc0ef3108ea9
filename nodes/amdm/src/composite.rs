//! One picture or latent put into another, through a mask where there is one.

use amdm_sdk::tensors::Resampling;
use amdm_sdk::{Error, Tensor};

use crate::area::{self, Axes};
use crate::batch;
use crate::mask::plane;

/// `source` at `at` (row and column) of `destination`; what lies beyond the border is left away.
/// The mask is scaled to the source.
pub(crate) fn composite(
    destination: Tensor,
    source: Tensor,
    axes: Axes,
    at: [u32; 2],
    mask: Option<Tensor>,
) -> Result<Tensor, Error> {
    let (whole, own) = (area::sides(&destination, axes)?, area::sides(&source, axes)?);
    let visible = [0, 1].map(|side: usize| own[side].min(whole[side].saturating_sub(at[side])));
    if visible.contains(&0) {
        return Ok(destination);
    }
    let entries = batch::entries(&destination);
    let source = area::cut(&batch::cycle(source, entries)?, axes, [0, 0], visible)?;
    let piece = match mask {
        None => source,
        Some(mask) => {
            let mask = plane::planes(mask)?.resize(own[0], own[1], Resampling::Bilinear)?;
            let mask = area::cut(&batch::cycle(mask, entries)?, area::IMAGE, [0, 0], visible)?;
            let [height, width] = visible;
            let shape = match axes {
                area::LATENT => [entries, 1, height, width],
                _ => [entries, height, width, 1],
            };
            let mask = mask.reshape(&shape)?;
            let under = area::cut(&destination, axes, at, visible)?;
            mask.mul(&source)?.add(&mask.affine(-1.0, 1.0)?.mul(&under)?)?
        }
    };
    area::paste(&destination, axes, at, piece)
}
