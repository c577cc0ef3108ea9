//! Attention of pixels to pixels, in tiles of queries: the whole score matrix never exists.

use candle_core::{D, Tensor as CandleTensor};
use pulp::{Simd, WithSimd};

use super::exponential::exp;
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, multiply};
use super::scratch::Buffer;
use crate::Result;

/// Queries of a tile.
const TILE: usize = 128;
const LANES: usize = 16;

/// Self-attention over the pixels of a map whose channels are queries, keys and values, in this
/// order, each of them head after head.
pub(crate) struct Attention {
    /// Independent parts of the channels.
    pub(crate) heads: usize,
}

impl Attention {
    /// [3 * channels] in, [channels] out.
    pub(crate) fn apply(&self, qkv: &Map) -> Result<Map> {
        match qkv {
            Map::Host(qkv) => self.on_host(qkv).map(Map::Host),
            Map::Composed(qkv) => Map::composed(self.composed(qkv)),
        }
    }

    fn on_host(&self, qkv: &Plane) -> Result<Plane> {
        let channels = qkv.channels / 3;
        let depth = channels / self.heads;
        if depth * self.heads * 3 != qkv.channels {
            return Err(misfit("attention", qkv.channels, depth * self.heads * 3));
        }
        let pixels = qkv.area();
        let mut out = Plane::stale(channels, qkv.height, qkv.width);
        let mut scores = Buffer::stale(TILE.min(pixels) * pixels);
        let head = depth * pixels;
        let arch = pulp::Arch::new();
        let part = |index: usize| &qkv.values[index * head..(index + 1) * head];
        for (index, out) in out.values.chunks_exact_mut(head).enumerate() {
            let (query, key, value) =
                (part(index), part(self.heads + index), part(2 * self.heads + index));
            for first in (0..pixels).step_by(TILE) {
                let rows = TILE.min(pixels - first);
                let scores = &mut scores[..rows * pixels];
                let tile = Layout::rows(depth, rows).spaced(pixels).transposed();
                multiply(
                    (&mut *scores, Layout::rows(rows, pixels)),
                    (&query[first..], tile),
                    (key, Layout::rows(depth, pixels)),
                    1.0 / (depth as f32).sqrt(),
                    false,
                )?;
                arch.dispatch(Softmax { scores: &mut *scores, columns: pixels });
                multiply(
                    (&mut out[first..], tile),
                    (scores, Layout::rows(rows, pixels)),
                    (value, Layout::rows(depth, pixels).transposed()),
                    1.0,
                    false,
                )?;
            }
        }
        Ok(out)
    }

    fn composed(&self, qkv: &CandleTensor) -> candle_core::Result<CandleTensor> {
        let (rows, channels, height, width) = qkv.dims4()?;
        let (channels, pixels) = (channels / 3, height * width);
        let part = |index: usize| {
            let part = qkv.narrow(1, index * channels, channels)?;
            part.reshape((rows, self.heads, channels / self.heads, pixels))?.contiguous()
        };
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let scale = 1.0 / ((channels / self.heads) as f64).sqrt();
        let scores = (query.t()?.contiguous()?.matmul(&key)? * scale)?;
        let powers = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?;
        let out = value.matmul(&weights.t()?.contiguous()?)?;
        out.reshape((rows, channels, height, width))
    }
}

/// Every row of `columns` scores becomes weights that sum to 1.
struct Softmax<'a> {
    scores: &'a mut [f32],
    columns: usize,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for row in self.scores.chunks_exact_mut(self.columns) {
            let largest = fold(row, f32::NEG_INFINITY, |a, b| if a > b { a } else { b });
            row.iter_mut().for_each(|score| *score = exp(*score - largest));
            let inverse = 1.0 / fold(row, 0.0, |a, b| a + b);
            row.iter_mut().for_each(|score| *score *= inverse);
        }
    }
}

/// Folds in fixed lanes, then the lanes.
#[inline(always)]
fn fold(values: &[f32], start: f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            lanes[lane] = join(lanes[lane], block[lane]);
        }
    }
    lanes.iter().chain(rest).fold(start, |a, &b| join(a, b))
}
