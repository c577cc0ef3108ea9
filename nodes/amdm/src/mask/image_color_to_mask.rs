//! `ImageColorToMask`: 1 where an image has one colour exactly.

use amdm_sdk::{Call, Error, Tensor};

use crate::image::picture;
use crate::pack::image_color_to_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let image = picture::rgb(inputs.image)?;
    let [batch, height, width, _] = picture::size(&image)?;
    let colour = picture::channels(inputs.color).map(|channel| channel as f32);
    let bytes = image.clamp(0.0, 1.0)?.affine(255.0, 0.0)?.round()?;
    let off = bytes.sub(&Tensor::from_f32(&[3], &colour)?)?;
    // The sum of squares is 0 or at least 1.
    let distance = off.mul(&off)?.sum(3)?;
    let (zero, one) = (Tensor::full(&[1], 0.0)?, Tensor::full(&[1], 1.0)?);
    let mask = distance.select(0.5, &zero, &one)?.reshape(&[batch, height, width])?;
    Ok(Outputs { mask })
}
