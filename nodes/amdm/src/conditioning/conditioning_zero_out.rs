//! `ConditioningZeroOut`: a prompt of zeros.

use alloc::vec;

use amdm_sdk::{Call, Error, Value};

use super::entry;
use crate::pack::conditioning_zero_out::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let conditioning = entry::each(&inputs.conditioning, |of| {
        let rows = entry::embedding(of, "conditioning")?.affine(0.0, 0.0)?;
        let mut fields = vec![("embedding", Value::Tensor(rows))];
        if let Some(pooled) = entry::pooled(of)? {
            fields.push(("pooled", Value::Tensor(pooled.affine(0.0, 0.0)?)));
        }
        entry::set(of, fields)
    })?;
    Ok(Outputs { conditioning })
}
