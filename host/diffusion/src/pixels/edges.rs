//! Edges of images after Canny (1986), with the steps and constants of kornia's `canny`.
//!
//! Grey of the colours, blur of 5 x 5 with sigma 1, Sobel gradients, the strongest of each edge along
//! its direction, two thresholds, and the weak ones that touch a strong one.

use super::extents;
use crate::tensor::shape;
use crate::{Edge, Result, Tensor};

/// Side and sigma of the blur.
const BLUR: i32 = 5;
const SIGMA: f32 = 1.0;
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
    let target = [batch, height, width, 3];
    let count = shape::count(&target)?;
    let grey = grey(&image.read()?, channels as usize);
    let grey = Tensor::from_f32(image.device(), &[batch, height, width], grey)?;
    let blurred = grey.convolve(&kernel(image)?, Edge::Reflect)?;
    let size = [height as usize, width as usize];
    let mut out = Vec::with_capacity(count);
    for plane in blurred.read()?.chunks_exact(size[0] * size[1]) {
        let field = Field { plane, size };
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

/// The blur's weights on the device of `image`.
fn kernel(image: &Tensor) -> Result<Tensor> {
    let half = BLUR / 2;
    let line: Vec<f32> =
        (-half..=half).map(|at| libm::expf(-((at * at) as f32) / (2.0 * SIGMA * SIGMA))).collect();
    let sum: f32 = line.iter().sum();
    let weights: Vec<f32> =
        line.iter().flat_map(|a| line.iter().map(move |b| a / sum * (b / sum))).collect();
    Tensor::from_f32(image.device(), &[BLUR as u32; 2], weights)
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
        ((c - a) + 2.0 * (f - d) + (i - g), (g - a) + 2.0 * (h - b) + (i - c))
    }
}

/// The nearest of the eight directions.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn direction(across: f32, down: f32) -> usize {
    let degrees = libm::atan2f(down, across) * 180.0 / std::f32::consts::PI;
    (degrees / 45.0).round_ties_even().rem_euclid(8.0) as usize
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
