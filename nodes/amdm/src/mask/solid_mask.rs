//! `SolidMask`: a mask of one value.

use amdm_sdk::{Call, Error, Tensor};

use crate::pack::solid_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { mask: Tensor::full(&[1, inputs.height, inputs.width], inputs.value)? })
}
