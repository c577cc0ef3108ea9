//! Tensor operations on the CPU: one loop over slices each, no temporary.
//!
//! Sums of several terms run in float64, so their rounding does not depend on how a compiler or a
//! processor fuses operations. Sine and arc cosine come from `libm` for the same reason.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};

/// Values that a fused loop keeps in float64 at a time: fits the first-level cache.
const CHUNK: usize = 512;
/// Partial sums of an inner product: enough to fill the widest vectors.
const LANES: usize = 16;

/// Adds `weight * term` of every term, each with a weight of its own.
pub(super) fn combine(out: &mut [f32], terms: &[(&[f32], f64)]) {
    pulp::Arch::new().dispatch(Combine { out, terms });
}

/// The inner product of two slices, accumulated in float64.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    pulp::Arch::new().dispatch(Dot { a, b })
}

struct Combine<'a> {
    out: &'a mut [f32],
    terms: &'a [(&'a [f32], f64)],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let mut sums = [0.0_f64; CHUNK];
        let mut start = 0;
        for chunk in self.out.chunks_mut(CHUNK) {
            let sums = &mut sums[..chunk.len()];
            sums.fill(0.0);
            for (term, weight) in self.terms {
                let term = &term[start..start + chunk.len()];
                for (sum, &value) in sums.iter_mut().zip(term) {
                    *sum += *weight * f64::from(value);
                }
            }
            for (value, &sum) in chunk.iter_mut().zip(&*sums) {
                *value = round(sum);
            }
            start += chunk.len();
        }
    }
}

struct Dot<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f32 {
        let mut sums = [0.0_f64; LANES];
        let (a_blocks, a_rest) = self.a.as_chunks::<LANES>();
        let (b_blocks, b_rest) = self.b.as_chunks::<LANES>();
        for (x, y) in a_blocks.iter().zip(b_blocks) {
            for lane in 0..LANES {
                sums[lane] += f64::from(x[lane]) * f64::from(y[lane]);
            }
        }
        let rest = a_rest.iter().zip(b_rest).map(|(&x, &y)| f64::from(x) * f64::from(y));
        round(sums.iter().sum::<f64>() + rest.sum::<f64>())
    }
}

/// Elementwise on slices of one length.
pub(super) fn zip(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    a.iter().zip(b).map(|(&x, &y)| f(x, y)).collect()
}

/// Elementwise.
pub(super) fn map(a: &[f32], f: impl Fn(f32) -> f32) -> Vec<f32> {
    a.iter().map(|&x| f(x)).collect()
}

/// The smaller one; not a number where either is none.
pub(super) fn smaller(a: f32, b: f32) -> f32 {
    if a < b || a.is_nan() { a } else { b }
}

/// The larger one; not a number where either is none.
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// `values` of extents `from`, repeated to extents `to`, which `from` broadcasts to.
pub(super) fn expand<'a>(values: &'a [f32], from: &[u32], to: &[u32]) -> Cow<'a, [f32]> {
    let padding = to.len() - from.len();
    let extent = |axis: usize| axis.checked_sub(padding).map_or(1, |index| from[index] as usize);
    let target = |axis: usize| to[axis] as usize;
    // Trailing axes that agree are copied as a block; the ones before that are repeated.
    let mut head = to.len();
    let mut run = 1;
    while head > 0 && extent(head - 1) == target(head - 1) {
        head -= 1;
        run *= target(head);
    }
    if head == 0 {
        return Cow::Borrowed(values);
    }
    let mut repeat = 1;
    while head > 0 && extent(head - 1) == 1 {
        head -= 1;
        repeat *= target(head);
    }
    let blocks: usize = (0..head).map(target).product();
    let mut out = Vec::with_capacity(blocks * repeat * run);
    for block in 0..blocks {
        let (mut rest, mut stride, mut offset) = (block, run, 0);
        for axis in (0..head).rev() {
            let index = rest % target(axis);
            rest /= target(axis);
            offset += if extent(axis) == 1 { 0 } else { index * stride };
            stride *= extent(axis);
        }
        let source = &values[offset..offset + run];
        if let [value] = source {
            out.resize(out.len() + repeat, *value);
        } else {
            (0..repeat).for_each(|_| out.extend_from_slice(source));
        }
    }
    Cow::Owned(out)
}

#[allow(clippy::cast_possible_truncation)]
fn round(value: f64) -> f32 {
    value as f32
}
