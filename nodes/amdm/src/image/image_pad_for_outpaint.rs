//! `ImagePadForOutpaint`: a grey margin around images, and its mask.

use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::area;
use crate::pack::image_pad_for_outpaint::{Inputs, Outputs};

/// What the margin is filled with.
const GREY: f64 = 0.5;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let [batch, height, width, channels] = picture::size(&inputs.image)?;
    let whole = [inputs.top + height + inputs.bottom, inputs.left + width + inputs.right];
    let at = [inputs.top, inputs.left];
    let ground = Tensor::full(&[batch, whole[0], whole[1], channels], GREY)?;
    let image = area::paste(&ground, area::IMAGE, at, inputs.image)?;
    let fits = 2 * inputs.feathering < height.min(width);
    let feathering = if fits { inputs.feathering } else { 0 };
    let rows = fade(height, feathering, [inputs.top > 0, inputs.bottom > 0]);
    let columns = fade(width, feathering, [inputs.left > 0, inputs.right > 0]);
    let rows = Tensor::from_f32(&[1, height, 1], &rows)?;
    let inside = rows.maximum(&Tensor::from_f32(&[1, 1, width], &columns)?)?;
    let mask = Tensor::full(&[1, whole[0], whole[1]], 1.0)?;
    Ok(Outputs { image, mask: area::paste(&mask, area::IMAGE, at, inside)? })
}

/// What is painted along one side: falls from 1 at each end with a margin to 0.
fn fade(side: u32, feathering: u32, [start, end]: [bool; 2]) -> Vec<f32> {
    let part = |distance: u32| {
        let part = f64::from(feathering.saturating_sub(distance)) / f64::from(feathering.max(1));
        (part * part) as f32
    };
    let at = |place: u32| {
        let before = if start { place } else { side };
        let behind = if end { side - place } else { side };
        part(before.min(behind))
    };
    (0..side).map(at).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_mask_fades_from_sides_with_a_margin() {
        assert_eq!(super::fade(6, 2, [true, false]), [1.0, 0.25, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(super::fade(6, 2, [false, true]), [0.0, 0.0, 0.0, 0.0, 0.0, 0.25]);
        assert_eq!(super::fade(3, 0, [true, true]), [0.0; 3]);
    }
}
