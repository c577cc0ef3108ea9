//! `EmptyImage`: images of one colour.

use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::pack::empty_image::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let colour = picture::channels(inputs.color).map(|channel| channel as f32 / 255.0);
    let ground = Tensor::full(&[inputs.batch_size, inputs.height, inputs.width, 3], 0.0)?;
    Ok(Outputs { image: ground.add(&Tensor::from_f32(&[3], &colour)?)? })
}
