//! `DrawBoxes`: outlines of boxes over images.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Object, Tensor};

use super::picture;
use crate::pack::draw_boxes::{Colour, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let image = picture::rgb(inputs.image)?;
    let [_, height, width, _] = picture::size(&image)?;
    let mut mask = Mask { width, height, values: vec![0.0; (width * height) as usize] };
    for item in inputs.boxes.members() {
        mask.outline(corners(&item)?, inputs.thickness);
    }
    let line = Tensor::from_f32(&[1, height, width, 1], &mask.values)?;
    let kept = image.mul(&line.affine(-1.0, 1.0)?)?;
    let image = match inputs.colour {
        Colour::White => kept.add(&line)?,
        Colour::Black => kept,
    };
    Ok(Outputs { image })
}

/// Left, top, right and bottom in fractions.
fn corners(item: &Object) -> Result<[f64; 4], Error> {
    let (left, top): (f64, f64) = (item.get("left")?, item.get("top")?);
    Ok([left, top, left + item.get::<f64>("width")?, top + item.get::<f64>("height")?])
}

/// 1 where a line is.
struct Mask {
    width: u32,
    height: u32,
    values: Vec<f32>,
}

impl Mask {
    /// Draws inside the box, so that lines of neighbours do not cover each other.
    fn outline(&mut self, [left, top, right, bottom]: [f64; 4], thickness: u32) {
        let pixel = |at: f64, size: u32| ((at * f64::from(size) + 0.5) as u32).min(size);
        let (left, right) = (pixel(left, self.width), pixel(right, self.width));
        let (top, bottom) = (pixel(top, self.height), pixel(bottom, self.height));
        for y in top..bottom {
            for x in left..right {
                let edge = (x - left).min(right - 1 - x).min(y - top).min(bottom - 1 - y);
                if edge < thickness {
                    self.values[(y * self.width + x) as usize] = 1.0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_lie_inside_their_box() {
        let mut mask = Mask { width: 6, height: 4, values: vec![0.0; 24] };
        mask.outline([1.0 / 6.0, 0.0, 5.0 / 6.0, 1.0], 1);
        let rows = mask.values.chunks(6).map(<[f32]>::to_vec).collect::<Vec<_>>();
        let edge = vec![0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let middle = vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0];
        assert_eq!(rows, [edge.clone(), middle.clone(), middle, edge]);
    }
}
