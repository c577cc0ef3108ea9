//! `LoadImage`: a picture from the input directory, and its transparency as a mask.

use amdm_sdk::{Call, Error, Tensor, images};

use super::picture;
use crate::pack::load_image::{Inputs, Outputs};

/// Height and width of the mask of a picture without transparency.
pub(crate) const NO_MASK: [u32; 2] = [64, 64];

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let loaded = images::load(&inputs.image)?;
    let [batch, height, width, channels] = picture::size(&loaded)?;
    // Transparent is one minus opaque.
    let mask = match channels {
        4 => loaded.narrow(3, 3, 1)?.affine(-1.0, 1.0)?.reshape(&[batch, height, width])?,
        _ => Tensor::full(&[batch, NO_MASK[0], NO_MASK[1]], 0.0)?,
    };
    Ok(Outputs { image: picture::rgb(loaded)?, mask })
}
