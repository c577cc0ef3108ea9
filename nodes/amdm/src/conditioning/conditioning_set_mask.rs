//! `ConditioningSetMask`: how much a condition counts where.

use alloc::vec;

use amdm_sdk::{Call, Error, Value};

use super::entry;
use crate::pack::conditioning_set_mask::{CondArea, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let bounds = matches!(inputs.set_cond_area, CondArea::MaskBounds);
    let fields = vec![
        ("mask", Value::Tensor(inputs.mask)),
        ("mask-bounds", Value::Boolean(bounds)),
        ("mask-strength", Value::Float(inputs.strength)),
    ];
    Ok(Outputs { conditioning: entry::set(&inputs.conditioning, fields)? })
}
