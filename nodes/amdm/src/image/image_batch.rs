//! `ImageBatch`: two batches of images joined.

use amdm_sdk::images::Filter;
use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::pack::image_batch::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let ([.., first], [.., second]) =
        (picture::size(&inputs.image1)?, picture::size(&inputs.image2)?);
    // Transparency stays: the other image is opaque.
    let (one, two) = if first < second {
        (picture::alike(inputs.image1, &inputs.image2)?, inputs.image2)
    } else {
        let two = picture::alike(inputs.image2, &inputs.image1)?;
        (inputs.image1, two)
    };
    let ([_, height, width, _], [_, own_height, own_width, _]) =
        (picture::size(&one)?, picture::size(&two)?);
    let two = if (height, width) == (own_height, own_width) {
        two
    } else {
        picture::fit(two, [height, width], Filter::Bilinear, true)?
    };
    Ok(Outputs { image: Tensor::concat(&[&one, &two], 0)? })
}
