//! Attention, in tiles of queries: the whole score matrix never exists.

use candle_core::{D, Tensor as CandleTensor};
use pulp::{Simd, WithSimd};

use super::exponential::exp;
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, Pane, multiply, tiles};
use super::scratch::Buffer;
use super::work::Work;
use crate::Result;
use crate::error::mixed;

/// Queries of a tile.
const TILE: usize = 128;
const LANES: usize = 16;
/// Most scores at a time on devices of candle's (256 MiB).
const SCORES_MAX: usize = 64 << 20;

/// Attention of pixels or tokens to others, head after head.
#[derive(Clone, Copy)]
pub(crate) struct Attention {
    /// Independent parts of the channels.
    pub(crate) heads: usize,
    /// Channels of the result, of the queries, of the keys and of the values.
    pub(crate) channels: usize,
    /// A token sees itself and those before it.
    pub(crate) is_causal: bool,
}

/// Where queries, keys or values lie: in the channels of a map from one on.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) map: &'a Map,
    pub(crate) first: usize,
}

impl Map {
    /// The channels from `first` on, for [`Attention`].
    pub(crate) fn part(&self, first: usize) -> Part<'_> {
        Part { map: self, first }
    }
}

impl Attention {
    /// The weighted values for every query; keys and values have as many pixels, queries as many as
    /// the result.
    pub(crate) fn apply(&self, [query, key, value]: [Part<'_>; 3], work: Work<'_>) -> Result<Map> {
        let whole = self.channels / self.heads.max(1) * self.heads;
        if whole != self.channels {
            return Err(misfit("attention", self.channels, whole));
        }
        match (query.map, key.map, value.map) {
            (Map::Host(q), Map::Host(k), Map::Host(v)) => {
                let parts = [(q, query.first), (k, key.first), (v, value.first)];
                self.on_host(parts, work).map(Map::Host)
            }
            (Map::Composed(q), Map::Composed(k), Map::Composed(v)) => {
                self.composed([(q, query.first), (k, key.first), (v, value.first)], work)
            }
            _ => Err(mixed()),
        }
    }

    fn on_host(&self, parts: [(&Plane, usize); 3], work: Work<'_>) -> Result<Plane> {
        let [(q, _), (k, _), (v, _)] = parts;
        for (x, first) in parts {
            if x.rows != q.rows || x.channels < first + self.channels {
                return Err(misfit("attention", x.channels, first + self.channels));
            }
        }
        if k.area() != v.area() || (self.is_causal && k.area() != q.area()) {
            return Err(misfit("attention to tokens", k.area(), v.area()));
        }
        let depth = self.channels / self.heads;
        let (queries, keys) = (q.area(), k.area());
        let arch = pulp::Arch::new();
        let mut out = q.stale_like(self.channels);
        tiles(work, &mut out.values, [self.channels, queries], [depth, TILE], |tile| {
            let head = |(x, first): (&'_ Plane, usize)| {
                let start = (first + tile.row) * x.area();
                start..start + depth * x.area()
            };
            let [query, key, value] = parts.map(|part| &part.0.row(tile.part)[head(part)]);
            let rows = tile.pane.columns();
            let mut scores = Buffer::stale(rows * keys);
            multiply(
                &mut Pane::new(&mut scores, rows, keys)?,
                (&query[tile.column..], Layout::rows(depth, rows).spaced(queries).transposed()),
                (key, Layout::rows(depth, keys)),
                1.0 / (depth as f32).sqrt(),
                false,
            )?;
            let first_seen = self.is_causal.then_some(tile.column + 1);
            arch.dispatch(Softmax { scores: &mut scores, columns: keys, first_seen });
            multiply(
                &mut tile.pane,
                (value, Layout::rows(depth, keys)),
                (&scores, Layout::rows(rows, keys).transposed()),
                1.0,
                false,
            )
        })?;
        Ok(out)
    }

    fn composed(&self, parts: [(&CandleTensor, usize); 3], work: Work<'_>) -> Result<Map> {
        let ready = || {
            let (rows, _, height, width) = parts[0].0.dims4()?;
            let depth = self.channels / self.heads;
            let heads = parts.map(|(x, first)| {
                let x = x.flatten_from(2)?.narrow(1, first, self.channels)?;
                x.reshape((rows, self.heads, depth, x.dim(2)?))?.contiguous()
            });
            let [query, key, value] = heads;
            Ok(([query?, key?, value?], [rows, self.channels, height, width]))
        };
        let ([query, key, value], extents) = ready().map_err(crate::error::from_candle)?;
        let [rows, _, height, width] = extents;
        let (queries, keys) = (height * width, key.elem_count() / (rows * self.channels).max(1));
        let most = (SCORES_MAX / (rows * self.heads * keys).max(1)).clamp(1, queries.max(1));
        let mut chunks = Vec::new();
        for first in (0..queries).step_by(most) {
            work.go_on()?;
            let count = most.min(queries - first);
            let query = query.narrow(3, first, count);
            let chunk = query.and_then(|query| self.chunk(&query, &key, &value, first));
            chunks.push(chunk.map_err(crate::error::from_candle)?);
        }
        Map::composed(CandleTensor::cat(&chunks, 3).and_then(|out| out.reshape(&extents[..])))
    }

    /// The result for the queries from `first` on, [rows, heads, depth, queries].
    fn chunk(
        &self,
        query: &CandleTensor,
        key: &CandleTensor,
        value: &CandleTensor,
        first: usize,
    ) -> candle_core::Result<CandleTensor> {
        let scale = 1.0 / ((self.channels / self.heads) as f64).sqrt();
        let mut scores = (query.t()?.contiguous()?.matmul(key)? * scale)?;
        if self.is_causal {
            let (_, _, rows, keys) = scores.dims4()?;
            let hidden = |row, key| if key > first + row { f32::NEG_INFINITY } else { 0.0 };
            let mask = (0..rows).flat_map(|row| (0..keys).map(move |key| hidden(row, key)));
            let mask: Vec<f32> = mask.collect();
            let mask = CandleTensor::from_vec(mask, (rows, keys), scores.device())?;
            scores = scores.broadcast_add(&mask)?;
        }
        let powers = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?;
        value.matmul(&weights.t()?.contiguous()?)
    }
}

/// Every row of `columns` scores becomes weights that sum to 1.
struct Softmax<'a> {
    scores: &'a mut [f32],
    columns: usize,
    /// How many scores of the first row count, of the next one more; all where missing.
    first_seen: Option<usize>,
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (index, row) in self.scores.chunks_exact_mut(self.columns).enumerate() {
            let seen = self.first_seen.map_or(self.columns, |seen| seen + index);
            let (row, hidden) = row.split_at_mut(seen.min(self.columns));
            hidden.fill(0.0);
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
