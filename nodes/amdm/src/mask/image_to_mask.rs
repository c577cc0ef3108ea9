//! `ImageToMask`: one channel of an image.

use alloc::format;

use amdm_sdk::{Call, Error};

use crate::image::picture;
use crate::pack::image_to_mask::{Channel, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [batch, height, width, channels] = picture::size(&inputs.image)?;
    let channel = match inputs.channel {
        Channel::Red => 0,
        Channel::Green => 1,
        Channel::Blue => 2,
        Channel::Alpha => 3,
    };
    if channel >= channels {
        let name = inputs.channel.as_str();
        let message = format!("found {name}, expected one of the image's {channels} channels");
        return Err(Error::invalid(message).at("channel"));
    }
    let mask = inputs.image.narrow(3, channel, 1)?.reshape(&[batch, height, width])?;
    Ok(Outputs { mask })
}
