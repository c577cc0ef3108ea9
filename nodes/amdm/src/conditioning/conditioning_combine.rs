//! `ConditioningCombine`: two lists of entries as one.

use amdm_sdk::{Call, Error};

use super::entry;
use crate::pack::conditioning_combine::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let conditioning = entry::join(&[&inputs.conditioning_1, &inputs.conditioning_2])?;
    Ok(Outputs { conditioning })
}
