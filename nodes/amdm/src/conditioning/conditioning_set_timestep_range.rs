//! `ConditioningSetTimestepRange`: the part of the schedule in which a condition acts.

use alloc::vec;

use amdm_sdk::{Call, Error, Value};

use super::entry;
use crate::pack::conditioning_set_timestep_range::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let fields = vec![("start", Value::Float(inputs.start)), ("end", Value::Float(inputs.end))];
    Ok(Outputs { conditioning: entry::set(&inputs.conditioning, fields)? })
}
