//! `Lane`: one participant of an aggregation, appended to the lanes before it.
//!
//! The `LANES` object has the fields `model`, `positive`, `negative` (may be missing), `guidance`,
//! `weight`, `refine` and `seed` (may be missing: the sampler derives one).

use alloc::format;
use alloc::vec;

use amdm_sdk::{Call, Error, Object, Value};

use crate::pack::lane::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mut fields = vec![
        ("model", Value::Object(inputs.model)),
        ("positive", Value::Object(inputs.positive)),
        ("guidance", Value::Float(inputs.guidance)),
        ("weight", Value::Float(inputs.weight)),
        ("refine", Value::Float(inputs.refine)),
    ];
    if let Some(negative) = inputs.negative {
        fields.push(("negative", Value::Object(negative)));
    }
    if let Some(seed) = inputs.seed {
        let integer = i64::try_from(seed).map_err(|_| {
            Error::invalid(format!("found {seed}, expected at most 2^63 - 1")).at("seed")
        })?;
        fields.push(("seed", Value::Integer(integer)));
    }
    let lane = Object::build("LANES", fields)?;
    let lanes = match inputs.lanes {
        Some(lanes) => lanes.append(&lane)?,
        None => lane,
    };
    Ok(Outputs { lanes })
}
