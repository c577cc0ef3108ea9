//! `LoadImage`: a picture from the input directory, and its transparency as a mask.

use amdm_sdk::{Call, Error, images};

use super::picture;
use crate::pack::load_image::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let loaded = images::load(&inputs.image)?;
    let [batch, height, width, channels] = picture::size(&loaded)?;
    // Transparent is one minus opaque; a picture without transparency is opaque everywhere.
    let mask = match channels {
        4 => loaded.narrow(3, 3, 1)?.affine(-1.0, 1.0)?,
        _ => loaded.narrow(3, 0, 1)?.affine(0.0, 0.0)?,
    };
    let mask = mask.reshape(&[batch, height, width])?;
    Ok(Outputs { image: picture::rgb(loaded)?, mask })
}
