//! `MaskComposite`: a mask joined with another at a place.

use amdm_sdk::{Call, Error, Tensor};

use super::plane;
use crate::area;
use crate::pack::mask_composite::{Inputs, Operation, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let destination = plane::planes(inputs.destination)?;
    let source = plane::planes(inputs.source)?;
    let (whole, own) = (plane::sides(&destination)?, plane::sides(&source)?);
    let at = [inputs.y, inputs.x];
    let visible = [0, 1].map(|side: usize| own[side].min(whole[side].saturating_sub(at[side])));
    let mask = if visible.contains(&0) {
        destination
    } else {
        let source = area::cut(&source, area::IMAGE, [0, 0], visible)?;
        let under = area::cut(&destination, area::IMAGE, at, visible)?;
        let piece = join(&under, &source, inputs.operation)?;
        area::paste(&destination, area::IMAGE, at, piece)?
    };
    Ok(Outputs { mask: mask.clamp(0.0, 1.0)? })
}

fn join(a: &Tensor, b: &Tensor, operation: Operation) -> Result<Tensor, Error> {
    match operation {
        Operation::Multiply => a.mul(b),
        Operation::Add => a.add(b),
        Operation::Subtract => a.sub(b),
        Operation::And => set(a)?.mul(&set(b)?),
        Operation::Or => set(a)?.maximum(&set(b)?),
        Operation::Xor => {
            let (a, b) = (set(a)?, set(b)?);
            a.maximum(&b)?.sub(&a.minimum(&b)?)
        }
    }
}

/// 1 where the mask, rounded, is not 0.
fn set(mask: &Tensor) -> Result<Tensor, Error> {
    let rounded = mask.round()?;
    rounded.mul(&rounded)?.clamp(0.0, 1.0)
}
