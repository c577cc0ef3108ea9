//! `ThresholdMask`: 1 where a mask is above a value.

use amdm_sdk::{Call, Error, Tensor};

use crate::pack::threshold_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    // Compared in the mask's own precision.
    let value = f64::from(inputs.value as f32);
    let (one, zero) = (Tensor::full(&[1], 1.0)?, Tensor::full(&[1], 0.0)?);
    Ok(Outputs { mask: inputs.mask.select(value, &one, &zero)? })
}
