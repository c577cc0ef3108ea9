//! Edges of images after Canny (1986), with the steps and constants of kornia's `canny`.
//!
//! Grey of the colours, blur of 5 x 5 with sigma 1, Sobel gradients, the strongest of each edge along
//! its direction, two thresholds, and the weak ones that touch a strong one.

use amdm::error::Error;

use super::extents;
use crate::tensor::shape;
use crate::{Result, Tensor};

/// The bell of sigma 1 over five values, with the sum 1: its middle, and those beside it.
const BELL: [f32; 3] = [0.402_619_96, 0.244_201_36, 0.054_488_69];
/// Shortest side: the bell is mirrored at the border.
const LEAST: u32 = 3;
/// Added below the root of the gradient's length.
const EPSILON: f32 = 1e-6;
/// Neighbours by direction, down and to the right, in steps of 45 degrees from the right on.
const AROUND: [[isize; 2]; 8] =
    [[0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1], [-1, 0], [-1, 1]];

/// Edges of every image of the batch: [batch, height, width, 3], 0 or 1. Thresholds are of the
/// gradient's length; at `low` an edge is weak, above `high` strong.
///
/// # Errors
/// `invalid_input` for a tensor that is no image, for one with a side below 3, `limit_exceeded` for
/// a large one.
#[allow(clippy::cast_possible_truncation)]
pub fn edges(image: &Tensor, low: f64, high: f64) -> Result<Tensor> {
    let [batch, height, width, channels] = extents(image)?;
    if height < LEAST || width < LEAST {
        let found = image.extents();
        return Err(Error::invalid(format!(
            "found shape {found:?}, expected sides from {LEAST} up"
        )));
    }
    let target = [batch, height, width, 3];
    let count = shape::count(&target)?;
    let size = [height as usize, width as usize];
    let mut out = Vec::with_capacity(count);
    let pixels = size[0] * size[1] * channels as usize;
    for pixels in image.read()?.chunks_exact(pixels) {
        let across = blur(&grey(pixels, channels as usize), size, 1);
        let field = Field { plane: &blur(&across, size, 0), size };
        let marks = field.marks(low as f32, high as f32);
        for mark in connected(marks, size) {
            out.extend([if mark == Mark::Strong { 1.0 } else { 0.0 }; 3]);
        }
    }
    Tensor::from_f32(image.device(), &target, out)
}

/// Brightness by the weights of Rec. 601; one channel is grey already.
fn grey(values: &[f32], channels: usize) -> Vec<f32> {
    let pixels = values.chunks_exact(channels);
    pixels
        .map(|pixel| match *pixel {
            [red, green, blue, ..] => 0.299 * red + 0.587 * green + 0.114 * blue,
            [grey, ..] => grey,
            [] => 0.0,
        })
        .collect()
}

/// One axis (0: down, 1: across) with the bell, mirrored at the border. Each product is added
/// before it is rounded, which decides between equals as kornia does.
#[allow(clippy::cast_possible_truncation)]
fn blur(plane: &[f32], size: [usize; 2], axis: usize) -> Vec<f32> {
    let reach = BELL.len() - 1;
    let last = size[axis] - 1;
    let mirrored = |at: usize| match at.checked_sub(reach) {
        None => reach - at,
        Some(at) if at > last => 2 * last - at,
        Some(at) => at,
    };
    let value = |at: usize| {
        let mut place = [at / size[1], at % size[1]];
        let start = place[axis];
        (0..=2 * reach).fold(0.0_f32, |sum, tap| {
            place[axis] = mirrored(start + tap);
            let weight = BELL[tap.abs_diff(reach)];
            let value = plane[place[0] * size[1] + place[1]];
            (f64::from(weight) * f64::from(value) + f64::from(sum)) as f32
        })
    };
    (0..plane.len()).map(value).collect()
}

/// Directions whose neighbour may be as strong: to the right and down, so that of two equal lines
/// one stays.
const TIES: [usize; 2] = [0, 2];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Weak,
    Strong,
}

struct Field<'a> {
    plane: &'a [f32],
    size: [usize; 2],
}

impl Field<'_> {
    /// What each place is by itself.
    fn marks(&self, low: f32, high: f32) -> Vec<Mark> {
        let [height, width] = self.size;
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
        let gradients: Vec<(f32, f32)> = places.clone().map(|(y, x)| self.gradient(y, x)).collect();
        let lengths: Vec<f32> =
            gradients.iter().map(|(x, y)| (x * x + y * y + EPSILON).sqrt()).collect();
        // What has no gradient, and what lies beyond the border.
        let flat = EPSILON.sqrt();
        let mark = |((y, x), (&length, &(across, down)))| {
            let way = direction(across, down);
            let ridge = length > flat
                && [way, (way + 4) % 8].iter().all(|&way| {
                    let beside = neighbour([y, x], AROUND[way], self.size);
                    let beside = beside.map_or(flat, |at| lengths[at]);
                    length > beside || (TIES.contains(&way) && length == beside)
                });
            match length {
                _ if !ridge => Mark::None,
                length if length > high => Mark::Strong,
                length if length > low => Mark::Weak,
                _ => Mark::None,
            }
        };
        places.zip(lengths.iter().zip(&gradients)).map(mark).collect()
    }

    /// Sobel's gradient, to the right and down; the border is repeated beyond it.
    fn gradient(&self, y: usize, x: usize) -> (f32, f32) {
        let [height, width] = self.size;
        let rows = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
        let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
        let [[a, b, c], [d, _, f], [g, h, i]] =
            rows.map(|row| columns.map(|column| self.plane[row * width + column]));
        let across = c - a - 2.0 * d + 2.0 * f - g + i;
        let down = g - (a + 2.0 * b + c) + 2.0 * h + i;
        (across, down)
    }
}

/// The nearest of the eight directions.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn direction(across: f32, down: f32) -> usize {
    let steps = libm::atan2f(down, across) * (4.0 / std::f32::consts::PI);
    steps.round_ties_even().rem_euclid(8.0) as usize
}

/// The place beside another, where there is one.
fn neighbour([y, x]: [usize; 2], [down, right]: [isize; 2], size: [usize; 2]) -> Option<usize> {
    let y = y.checked_add_signed(down).filter(|&y| y < size[0])?;
    let x = x.checked_add_signed(right).filter(|&x| x < size[1])?;
    Some(y * size[1] + x)
}

/// The marks, with the weak ones strong that touch a strong one, directly or through others.
fn connected(mut marks: Vec<Mark>, size: [usize; 2]) -> Vec<Mark> {
    let mut open: Vec<usize> = (0..marks.len()).filter(|&at| marks[at] == Mark::Strong).collect();
    while let Some(at) = open.pop() {
        let place = [at / size[1], at % size[1]];
        for way in AROUND {
            if let Some(beside) = neighbour(place, way, size).filter(|&at| marks[at] == Mark::Weak)
            {
                marks[beside] = Mark::Strong;
                open.push(beside);
            }
        }
    }
    marks
}
