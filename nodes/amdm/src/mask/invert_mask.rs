//! `InvertMask`: one less the mask.

use amdm_sdk::{Call, Error};

use crate::pack::invert_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    Ok(Outputs { mask: inputs.mask.affine(-1.0, 1.0)? })
}
