//! Lanczos with three lobes on 8-bit values, bit for bit as Pillow 13 computes it: coefficients of 22
//! bits, and 8-bit values between the two passes, whose order depends on the sizes.

use super::dequantise;
use crate::Result;
use crate::tensor::resample::{self, Axis, Planes};
use crate::tensor::shape;

/// Lobes on each side.
const SUPPORT: f64 = 3.0;
/// Bits after the point in a coefficient.
const BITS: u32 = 22;

/// Images of 8-bit values at their new size, in [0, 1], one after the other. Colours of four
/// channels are weighted with the fourth, their opacity.
///
/// # Errors
/// `limit_exceeded` for a side above 65,536, or a large result of the first pass.
pub(super) fn resize(images: Vec<Vec<u8>>, planes: Planes) -> Result<Vec<f32>> {
    let Planes { height, width, inner } = planes;
    for old in [height.from, width.from] {
        resample::side(u32::try_from(old).unwrap_or(u32::MAX))?;
    }
    let down_first = is_down_first(height, width);
    let between = if down_first { [height.to, width.from] } else { [height.from, width.to] };
    shape::count(&[between[0] as u32, between[1] as u32, inner as u32])?;
    let (across, down) = (Coefficients::new(width), Coefficients::new(height));
    let narrow = |image: Vec<u8>, rows: usize| {
        if width.from == width.to { image } else { across.along_rows(&image, rows, inner) }
    };
    let flatten = |image: Vec<u8>, columns: usize| {
        if height.from == height.to { image } else { down.along_columns(&image, columns * inner) }
    };
    let mut out = Vec::with_capacity(images.len() * height.to * width.to * inner);
    for mut image in images {
        // An image that keeps its size stays as it is.
        if width.from == width.to && height.from == height.to {
            out.extend(image.into_iter().map(dequantise));
            continue;
        }
        let opaque = inner != 4;
        if !opaque {
            image.chunks_exact_mut(4).for_each(weight);
        }
        image = if down_first {
            narrow(flatten(image, width.from), height.to)
        } else {
            flatten(narrow(image, height.from), width.to)
        };
        if !opaque {
            image.chunks_exact_mut(4).for_each(unweight);
        }
        out.extend(image.into_iter().map(dequantise));
    }
    Ok(out)
}

/// Whether Pillow begins with the height: where it falls by more than twice what the width falls by.
fn is_down_first(height: Axis, width: Axis) -> bool {
    let (lower, narrower) =
        (height.from as i64 - height.to as i64, width.from as i64 - width.to as i64);
    lower > 0 && lower > 2 * narrower
}

/// Colours times opacity.
fn weight(pixel: &mut [u8]) {
    let [colours @ .., opacity] = pixel else { return };
    for colour in colours {
        let product = u32::from(*colour) * u32::from(*opacity) + 128;
        *colour = (((product >> 8) + product) >> 8) as u8;
    }
}

/// Colours without their opacity.
fn unweight(pixel: &mut [u8]) {
    let [colours @ .., opacity] = pixel else { return };
    if matches!(*opacity, 0 | 255) {
        return;
    }
    for colour in colours {
        *colour = (255 * u32::from(*colour) / u32::from(*opacity)).min(255) as u8;
    }
}

/// What each new value takes of the old ones along an axis.
struct Coefficients {
    axis: Axis,
    /// First old value, and one coefficient for it and each that follows.
    taps: Vec<(usize, Vec<i64>)>,
}

impl Coefficients {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn new(axis: Axis) -> Self {
        let scale = axis.from as f64 / axis.to as f64;
        let stretch = scale.max(1.0);
        let support = SUPPORT * stretch;
        let taps = (0..axis.to).map(|at| {
            let centre = (at as f64 + 0.5) * scale;
            let first = (centre - support + 0.5).max(0.0) as usize;
            let end = ((centre + support + 0.5) as usize).min(axis.from);
            let weights: Vec<f64> = (first..end)
                .map(|old| lobes((old as f64 - centre + 0.5) * (1.0 / stretch)))
                .collect();
            let sum: f64 = weights.iter().sum();
            let whole = |weight: f64| {
                let exact = weight / sum * f64::from(1_u32 << BITS);
                (exact + 0.5_f64.copysign(exact)) as i64
            };
            (first, weights.into_iter().map(whole).collect())
        });
        Self { axis, taps: taps.collect() }
    }

    /// Along the width, of `rows` rows.
    fn along_rows(&self, image: &[u8], rows: usize, inner: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(rows * self.axis.to * inner);
        for row in image.chunks_exact(self.axis.from * inner) {
            for (first, coefficients) in &self.taps {
                for channel in 0..inner {
                    let values = row[first * inner + channel..].iter().step_by(inner);
                    out.push(sum(values.zip(coefficients)));
                }
            }
        }
        out
    }

    /// Along the height, where rows have `len` values.
    fn along_columns(&self, image: &[u8], len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.axis.to * len);
        for (first, coefficients) in &self.taps {
            for at in 0..len {
                let values = image[first * len + at..].iter().step_by(len);
                out.push(sum(values.zip(coefficients)));
            }
        }
        out
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn sum<'a>(pairs: impl Iterator<Item = (&'a u8, &'a i64)>) -> u8 {
    let half = 1_i64 << (BITS - 1);
    let sum = pairs.map(|(&value, coefficient)| i64::from(value) * coefficient).sum::<i64>();
    ((sum + half) >> BITS).clamp(0, 255) as u8
}

/// `sinc(x) sinc(x / 3)` within three of 0.
fn lobes(x: f64) -> f64 {
    if !(-SUPPORT..SUPPORT).contains(&x) {
        return 0.0;
    }
    sinc(x) * sinc(x / SUPPORT)
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let angle = x * std::f64::consts::PI;
    libm::sin(angle) / angle
}
