//! `FeatherMask`: a mask that fades out towards its sides.
//!
//! At the right and at the bottom the outermost entry fades as the second one from the edge, and the
//! first one of the other side in its place, as in ComfyUI.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor};

use super::plane;
use crate::pack::feather_mask::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mask = plane::planes(inputs.mask)?;
    let [height, width] = plane::sides(&mask)?;
    let columns = factors(width, inputs.left, inputs.right);
    let rows = factors(height, inputs.top, inputs.bottom);
    let mask = mask.mul(&Tensor::from_f32(&[1, 1, width], &columns)?)?;
    Ok(Outputs { mask: mask.mul(&Tensor::from_f32(&[1, height, 1], &rows)?)? })
}

/// What each entry of a side is multiplied with.
fn factors(side: u32, start: u32, end: u32) -> Vec<f32> {
    let (side, start, end) = (side as usize, start.min(side) as usize, end.min(side) as usize);
    let mut factors = vec![1.0; side];
    for (at, factor) in factors.iter_mut().enumerate().take(start) {
        *factor = ((at + 1) as f64 / start as f64) as f32;
    }
    for at in 0..end {
        // Counted back from the end, where 0 is the start.
        factors[(side - at) % side] *= ((at + 1) as f64 / end as f64) as f32;
    }
    factors
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_ends_fade() {
        assert_eq!(super::factors(4, 2, 0), [0.5, 1.0, 1.0, 1.0]);
        assert_eq!(super::factors(5, 0, 2), [0.5, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(super::factors(2, 0, 9), [0.5, 1.0]);
    }
}
