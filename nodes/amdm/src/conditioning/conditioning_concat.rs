//! `ConditioningConcat`: the tokens of one prompt behind those of another.

use alloc::vec;

use amdm_sdk::{Call, Error, Tensor, Value};

use super::entry;
use crate::pack::conditioning_concat::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let from = entry::first(&inputs.conditioning_from, "conditioning_from")?;
    let appended = entry::embedding(&from, "conditioning_from")?;
    let conditioning = entry::each(&inputs.conditioning_to, |to| {
        let rows = entry::embedding(to, "conditioning_to")?;
        let rows = Tensor::concat(&[&rows, &appended], 1)?;
        entry::set(to, vec![("embedding", Value::Tensor(rows))])
    })?;
    Ok(Outputs { conditioning })
}
