//! `ConditioningSetAreaStrength`: how much a condition counts beside others.

use alloc::vec;

use amdm_sdk::{Call, Error, Value};

use super::entry;
use crate::pack::conditioning_set_area_strength::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let fields = vec![("strength", Value::Float(inputs.strength))];
    Ok(Outputs { conditioning: entry::set(&inputs.conditioning, fields)? })
}
