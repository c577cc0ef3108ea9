//! `LoadImageMask`: one channel of a picture from the input directory.

use amdm_sdk::{Call, Error, Tensor, images};

use crate::image::picture;
use crate::pack::load_image_mask::{Channel, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let loaded = images::load(&inputs.image)?;
    let [batch, height, width, channels] = picture::size(&loaded)?;
    let one = |channel: u32| loaded.narrow(3, channel, 1)?.reshape(&[batch, height, width]);
    let mask = match inputs.channel {
        Channel::Red => one(0)?,
        Channel::Green => one(1)?,
        Channel::Blue => one(2)?,
        Channel::Alpha if channels == 4 => one(3)?.affine(-1.0, 1.0)?,
        Channel::Alpha => Tensor::full(&[batch, height, width], 0.0)?,
    };
    Ok(Outputs { mask })
}
