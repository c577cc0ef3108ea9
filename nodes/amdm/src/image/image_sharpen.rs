//! `ImageSharpen`: images less their surroundings.

use amdm_sdk::{Call, Error, Tensor};

use super::kernel::blur;
use crate::pack::image_sharpen::{Inputs, Outputs};

/// What a strength of 1 takes of the surroundings.
const STRENGTH: f64 = 10.0;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let strength = STRENGTH * inputs.alpha;
    let soft = blur(&inputs.image, inputs.sharpen_radius, inputs.sigma)?;
    let sharp = Tensor::linear_combination(&[(&inputs.image, 1.0 + strength), (&soft, -strength)])?;
    Ok(Outputs { image: sharp.clamp(0.0, 1.0)? })
}
