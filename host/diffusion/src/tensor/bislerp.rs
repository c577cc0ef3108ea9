//! Spherical interpolation of latents: along the width, then along the height.
//!
//! The vectors are over the channels; directions turn on the sphere, lengths change linearly.
//! Parallel vectors give the first, opposite ones are mixed linearly.

use super::resample::{Axis, Planes, linear};
use super::shape;
use crate::Result;

/// How near a cosine is to 1 or -1 where the formula has no direction.
const PARALLEL: f32 = 1e-5;

/// Samples of [channels, height, width], one after the other, at their new size.
///
/// # Errors
/// `limit_exceeded` for a large result between the two passes.
pub(super) fn resize(values: &[f32], channels: u32, planes: Planes) -> Result<Vec<f32>> {
    let (height, width) = (planes.height, planes.width);
    let samples = values.len() / (channels as usize * height.from * width.from);
    let channels = channels as usize;
    let rows = (samples * channels * height.from) as u32;
    let mut wide = vec![0.0; shape::count(&[rows, width.to as u32])?];
    let pass = Pass { channels, lines: height.from, axis: width, along: 1, across: width.from };
    pass.run(values, &mut wide, (1, width.to));
    let rows = (samples * channels * height.to) as u32;
    let mut out = vec![0.0; shape::count(&[rows, width.to as u32])?];
    let pass = Pass { channels, lines: width.to, axis: height, along: width.to, across: 1 };
    pass.run(&wide, &mut out, (width.to, 1));
    Ok(out)
}

/// One axis at its new size.
struct Pass {
    channels: usize,
    /// Lines along the axis in one plane.
    lines: usize,
    axis: Axis,
    /// How far entries of a line lie apart, and lines.
    along: usize,
    across: usize,
}

impl Pass {
    /// `along` and `across` of the result are given.
    fn run(&self, from: &[f32], to: &mut [f32], (along, across): (usize, usize)) {
        let (old, new) = (self.lines * self.axis.from, self.lines * self.axis.to);
        let places: Vec<_> = (0..self.axis.to).map(|at| place(self.axis, at)).collect();
        let mut a = vec![0.0; self.channels];
        let mut b = vec![0.0; self.channels];
        let samples = from.chunks_exact(old * self.channels);
        for (from, to) in samples.zip(to.chunks_exact_mut(new * self.channels)) {
            for line in 0..self.lines {
                for (at, &(first, second, ratio)) in places.iter().enumerate() {
                    for channel in 0..self.channels {
                        let start = channel * old + line * self.across;
                        a[channel] = from[start + first * self.along];
                        b[channel] = from[start + second * self.along];
                    }
                    slerp(&mut a, &b, ratio);
                    for (channel, &value) in a.iter().enumerate() {
                        to[channel * new + line * across + at * along] = value;
                    }
                }
            }
        }
    }
}

/// The two neighbours of a place and the part of the second: a ramp of the entries' numbers,
/// interpolated linearly in float32 and cut down to whole numbers.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn place(axis: Axis, at: usize) -> (usize, usize, f32) {
    let [(first, one), (second, two)] = linear(axis, at);
    let last = axis.from - 1;
    let ramp = |shift: usize| {
        let value = |index: usize| (index + shift).min(last) as f32;
        one * value(first) + two * value(second)
    };
    let own = ramp(0);
    (own as usize, ramp(1) as usize, own - own.floor())
}

/// Turns `a` towards `b` by `ratio`.
fn slerp(a: &mut [f32], b: &[f32], ratio: f32) {
    let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let (long_a, long_b) = (length(a), length(b));
    let unit = |value: f32, length: f32| if length == 0.0 { 0.0 } else { value / length };
    let cosine: f32 = a.iter().zip(b).map(|(&x, &y)| unit(x, long_a) * unit(y, long_b)).sum();
    if cosine > 1.0 - PARALLEL {
        return;
    }
    if cosine < PARALLEL - 1.0 {
        a.iter_mut().zip(b).for_each(|(x, y)| *x = *x * (1.0 - ratio) + y * ratio);
        return;
    }
    let angle = libm::acosf(cosine);
    let sine = libm::sinf(angle);
    let (from, to) = (libm::sinf((1.0 - ratio) * angle) / sine, libm::sinf(ratio * angle) / sine);
    let long = long_a * (1.0 - ratio) + long_b * ratio;
    for (x, &y) in a.iter_mut().zip(b) {
        *x = (from * unit(*x, long_a) + to * unit(y, long_b)) * long;
    }
}
