//! `ImageSharpen`: images less their surroundings.

use amdm_sdk::{Call, Error};

use super::kernel;
use crate::pack::image_sharpen::{Inputs, Outputs};

/// What a strength of 1 takes of the surroundings.
const STRENGTH: f64 = 10.0;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let radius = inputs.sharpen_radius;
    let strength = STRENGTH * inputs.alpha;
    let mut weights = kernel::bell(radius, inputs.sigma);
    weights.iter_mut().for_each(|weight| *weight *= -strength);
    // The middle makes the sum 1.
    let (sum, middle) = (weights.iter().sum::<f64>(), weights.len() / 2);
    if let Some(weight) = weights.get_mut(middle) {
        *weight += 1.0 - sum;
    }
    Ok(Outputs { image: kernel::apply(&inputs.image, radius, &weights)?.clamp(0.0, 1.0)? })
}
