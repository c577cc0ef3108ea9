//! Planes of values at another size: nearest, linear, mean and cubic, as torch's `interpolate` has
//! them with `align_corners` false and without antialias. Positions are float32, as there.

use super::errors;
use crate::Result;

/// Longest side of a result: tables of this length are made.
pub(crate) const SIDE: u32 = 1 << 16;

/// How new values are made of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The value under the centre of the new one.
    NearestExact,
    /// Linear between four neighbours.
    Bilinear,
    /// The mean of the values that the new one covers.
    Area,
    /// Cubic between sixteen neighbours, a = -0.75.
    Bicubic,
}

/// The old and the new extents along one axis.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Planes of [height, width, inner] one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Planes {
    pub(crate) height: Axis,
    pub(crate) width: Axis,
    /// Values that lie together at one place, such as the channels of a pixel.
    pub(crate) inner: usize,
}

/// A side of a result, where it is within the limit.
///
/// # Errors
/// `limit_exceeded`.
pub(crate) fn side(side: u32) -> Result<u32> {
    if side > SIDE { Err(errors::side(side, SIDE)) } else { Ok(side) }
}

/// Fills `out` with all planes of `values` at their new size. Sides are within [`SIDE`].
pub(crate) fn resample(values: &[f32], out: &mut [f32], planes: Planes, method: Method) {
    let Planes { height, width, inner } = planes;
    let from = values.chunks_exact(height.from * width.from * inner);
    let to = out.chunks_exact_mut(height.to * width.to * inner);
    for (from, to) in from.zip(to) {
        match method {
            Method::NearestExact => weighted(from, to, planes, nearest),
            Method::Bilinear => weighted(from, to, planes, linear),
            Method::Bicubic => weighted(from, to, planes, cubic),
            Method::Area => mean(from, to, planes),
        }
    }
}

/// Places along an axis and their weights.
type Taps<const N: usize> = [(usize, f32); N];

fn weighted<const N: usize>(
    from: &[f32],
    to: &mut [f32],
    Planes { height, width, inner }: Planes,
    taps: impl Fn(Axis, usize) -> Taps<N>,
) {
    let columns: Vec<Taps<N>> = (0..width.to).map(|x| taps(width, x)).collect();
    let row = width.from * inner;
    for (y, line) in to.chunks_exact_mut(width.to * inner).enumerate() {
        let rows = taps(height, y).map(|(at, weight)| (&from[at * row..(at + 1) * row], weight));
        for (pixel, columns) in line.chunks_exact_mut(inner).zip(&columns) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let mut sum = 0.0;
                for (row, weight) in &rows {
                    let mut part = 0.0;
                    for (at, weight) in columns {
                        part += weight * row[at * inner + channel];
                    }
                    sum += weight * part;
                }
                *value = sum;
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation)]
fn mean(from: &[f32], to: &mut [f32], Planes { height, width, inner }: Planes) {
    let mut sums = vec![0.0_f64; inner];
    for (y, line) in to.chunks_exact_mut(width.to * inner).enumerate() {
        let rows = covered(height, y);
        for (x, pixel) in line.chunks_exact_mut(inner).enumerate() {
            let columns = covered(width, x);
            sums.fill(0.0);
            for row in rows.clone() {
                let start = (row * width.from + columns.start) * inner;
                let cells = &from[start..start + columns.len() * inner];
                for cell in cells.chunks_exact(inner) {
                    sums.iter_mut().zip(cell).for_each(|(sum, &value)| *sum += f64::from(value));
                }
            }
            let count = (rows.len() * columns.len()) as f64;
            pixel.iter_mut().zip(&sums).for_each(|(value, sum)| *value = (sum / count) as f32);
        }
    }
}

/// The old entries that a new one covers, in part or whole.
fn covered(axis: Axis, at: usize) -> std::ops::Range<usize> {
    at * axis.from / axis.to..((at + 1) * axis.from).div_ceil(axis.to)
}

fn step(axis: Axis) -> f32 {
    axis.from as f32 / axis.to as f32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn nearest(axis: Axis, at: usize) -> Taps<1> {
    let place = (at as f32 + 0.5) * step(axis);
    [((place as usize).min(axis.from - 1), 1.0)]
}

/// The two neighbours of a place, and how far it is from the first.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn linear(axis: Axis, at: usize) -> Taps<2> {
    let place = (step(axis) * (at as f32 + 0.5) - 0.5).max(0.0);
    let first = (place as usize).min(axis.from - 1);
    let part = (place - first as f32).clamp(0.0, 1.0);
    [(first, 1.0 - part), ((first + 1).min(axis.from - 1), part)]
}

/// The cubic convolution of Keys (1981).
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]
fn cubic(axis: Axis, at: usize) -> Taps<4> {
    const A: f32 = -0.75;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let place = step(axis) * (at as f32 + 0.5) - 0.5;
    let first = place.floor();
    let part = place - first;
    let last = axis.from as i64 - 1;
    let neighbour = |offset: i64| (first as i64 + offset).clamp(0, last) as usize;
    [
        (neighbour(-1), far(part + 1.0)),
        (neighbour(0), near(part)),
        (neighbour(1), near(1.0 - part)),
        (neighbour(2), far(2.0 - part)),
    ]
}
