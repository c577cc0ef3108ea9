//! `ConditioningAverage`: two prompts mixed token by token.
//!
//! The second one is cut to the tokens of the first, or filled up with zeros. Where one of them has
//! a pooled row and the other has none, that row stays.

use alloc::vec;

use amdm_sdk::{Call, Error, Tensor, Value};

use super::entry;
use crate::pack::conditioning_average::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let share = inputs.conditioning_to_strength;
    let from = entry::first(&inputs.conditioning_from, "conditioning_from")?;
    let other = entry::embedding(&from, "conditioning_from")?;
    let other_pooled = entry::pooled(&from)?;
    let mix = |to: &Tensor, from: &Tensor| {
        Tensor::linear_combination(&[(to, share), (from, 1.0 - share)])
    };
    let conditioning = entry::each(&inputs.conditioning_to, |to| {
        let rows = entry::embedding(to, "conditioning_to")?;
        let mixed = mix(&rows, &as_long(&other, &rows)?)?;
        let mut fields = vec![("embedding", Value::Tensor(mixed))];
        let pooled = match (entry::pooled(to)?, &other_pooled) {
            (Some(to), Some(from)) => Some(mix(&to, from)?),
            (None, Some(from)) => Some(from.share()),
            (_, None) => None,
        };
        fields.extend(pooled.map(|pooled| ("pooled", Value::Tensor(pooled))));
        entry::set(to, fields)
    })?;
    Ok(Outputs { conditioning })
}

/// `rows` with as many tokens as `to`, cut or filled up with zeros.
fn as_long(rows: &Tensor, to: &Tensor) -> Result<Tensor, Error> {
    let tokens = |of: &Tensor| of.shape().get(1).copied().unwrap_or(0);
    let (found, wanted) = (tokens(rows), tokens(to));
    if found >= wanted {
        return rows.narrow(1, 0, wanted);
    }
    let zeros = to.narrow(1, found, wanted - found)?.affine(0.0, 0.0)?;
    Tensor::concat(&[rows, &zeros], 1)
}
