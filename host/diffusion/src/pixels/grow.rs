//! Grey dilation and erosion of masks.
//!
//! Growing by many pixels is done in few rounds: a shape of radius r grows to r + s, s <= r, by the
//! largest of itself and its copies moved by s. Places beyond the border are those on the border.

use amdm::error::Error;

use crate::{Result, Tensor};

/// Dilation `pixels` times (erosion where negative) of the last two axes with a square of 3, or
/// with a cross where `tapered`.
///
/// # Errors
/// `invalid_input` for fewer axes than two.
pub fn grow(mask: &Tensor, pixels: i32, tapered: bool) -> Result<Tensor> {
    let shape = mask.extents();
    let &[height, width] = shape.last_chunk::<2>().ok_or_else(|| {
        Error::invalid(format!("found shape {shape:?}, expected a mask [batch, height, width]"))
    })?;
    if pixels == 0 {
        return Ok(mask.clone());
    }
    // No place is farther from another.
    let radius = (pixels.unsigned_abs() as usize).min(height as usize + width as usize);
    let size = [height as usize, width as usize];
    let mut values = mask.read()?.into_owned();
    for plane in values.chunks_exact_mut(size[0] * size[1]) {
        if pixels > 0 {
            spread(plane, size, radius, tapered, f32::max);
        } else {
            spread(plane, size, radius, tapered, f32::min);
        }
    }
    Tensor::from_f32(mask.device(), shape, values)
}

fn spread(
    plane: &mut [f32],
    size: [usize; 2],
    radius: usize,
    tapered: bool,
    pick: impl Fn(f32, f32) -> f32,
) {
    let mut reached = 0;
    while reached < radius {
        let step = (radius - reached).min(reached.max(1));
        let old = plane.to_vec();
        across(plane, &old, size, step, &pick);
        if tapered {
            down(plane, &old, size, step, &pick);
        } else {
            let old = plane.to_vec();
            down(plane, &old, size, step, &pick);
        }
        reached += step;
    }
}

/// Each place with those `step` to the left and the right of it in `old`.
fn across(
    plane: &mut [f32],
    old: &[f32],
    [_, width]: [usize; 2],
    step: usize,
    pick: impl Fn(f32, f32) -> f32,
) {
    for (row, old) in plane.chunks_exact_mut(width).zip(old.chunks_exact(width)) {
        for (x, value) in row.iter_mut().enumerate() {
            let sides = pick(old[x.saturating_sub(step)], old[(x + step).min(width - 1)]);
            *value = pick(*value, sides);
        }
    }
}

/// Each place with those `step` above and below it in `old`.
fn down(
    plane: &mut [f32],
    old: &[f32],
    [height, width]: [usize; 2],
    step: usize,
    pick: impl Fn(f32, f32) -> f32,
) {
    for (y, row) in plane.chunks_exact_mut(width).enumerate() {
        let (above, below) = (y.saturating_sub(step) * width, (y + step).min(height - 1) * width);
        for (x, value) in row.iter_mut().enumerate() {
            *value = pick(*value, pick(old[above + x], old[below + x]));
        }
    }
}
