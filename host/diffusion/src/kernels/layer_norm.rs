//! Layer normalisation: over the channels of every token.
//!
//! Tokens lie side by side, so a block of them runs in vectors; sums are float64.

use candle_core::Tensor as CandleTensor;
use pulp::{Simd, WithSimd};

use super::map::{Map, misfit};
use super::matrix::{Pane, tiles};
use super::work::Work;
use crate::Result;
use crate::error::mixed;
use crate::weights::{Parameter, Weights};

/// Added to the variance, as in every network here.
const EPSILON: f64 = 1e-5;
/// Tokens of a tile, and those whose sums stay in registers.
const TILE: usize = 256;
const BLOCK: usize = 32;

/// A layer normalisation with its weights.
pub(crate) struct LayerNorm {
    weight: Parameter,
    bias: Parameter,
    channels: usize,
}

impl LayerNorm {
    /// `name.weight` and `name.bias`, [channels] each.
    pub(crate) fn load(weights: &Weights<'_>, name: &str, channels: usize) -> Result<Self> {
        let weight = weights.parameter(&format!("{name}.weight"), &[channels])?;
        let bias = weights.parameter(&format!("{name}.bias"), &[channels])?;
        Ok(Self { weight, bias, channels })
    }

    /// The normalised `x`.
    pub(crate) fn apply(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        match (x, &self.weight, &self.bias) {
            (Map::Host(x), Parameter::Host(weight), Parameter::Host(bias)) => {
                if x.channels != self.channels {
                    return Err(misfit("a layer norm", x.channels, self.channels));
                }
                let (weight, bias) = (weight.values()?, bias.values()?);
                let mut out = x.stale_like(x.channels);
                let area = x.area();
                let arch = pulp::Arch::new();
                tiles(work, &mut out.values, [x.channels, area], [x.channels, TILE], |tile| {
                    let from = &x.row(tile.part)[tile.column..];
                    arch.dispatch(Tokens { weight, bias, from, area, to: &mut tile.pane });
                    Ok(())
                })?;
                Ok(Map::Host(out))
            }
            (Map::Composed(x), Parameter::Composed(weight), Parameter::Composed(bias)) => {
                work.go_on()?;
                Map::composed(self.composed(x, weight, bias))
            }
            _ => Err(mixed()),
        }
    }

    fn composed(
        &self,
        x: &CandleTensor,
        weight: &CandleTensor,
        bias: &CandleTensor,
    ) -> candle_core::Result<CandleTensor> {
        let channels = (1, self.channels, 1, 1);
        let centred = x.broadcast_sub(&x.mean_keepdim(1)?)?;
        let variance = centred.sqr()?.mean_keepdim(1)?;
        let normal = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
        let scaled = normal.broadcast_mul(&weight.reshape(channels)?)?;
        scaled.broadcast_add(&bias.reshape(channels)?)
    }
}

/// Some tokens of one row.
struct Tokens<'a, 'b> {
    weight: &'a [f32],
    bias: &'a [f32],
    /// The first channel from the first of the tokens on; others follow `area` values apart.
    from: &'a [f32],
    area: usize,
    to: &'a mut Pane<'b>,
}

impl WithSimd for Tokens<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _simd: S) {
        let count = self.to.columns();
        for first in (0..count).step_by(BLOCK) {
            if count - first >= BLOCK {
                self.block::<BLOCK>(first);
            } else {
                (first..count).for_each(|token| self.block::<1>(token));
            }
        }
    }
}

impl Tokens<'_, '_> {
    /// `N` tokens from `first` on.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)]
    fn block<const N: usize>(&mut self, first: usize) {
        let channels = self.weight.len() as f64;
        let from = self.from;
        let values = |channel: usize| from[channel * self.area + first..].first_chunk::<N>();
        let mut means = [0.0_f64; N];
        for x in (0..self.weight.len()).filter_map(values) {
            (0..N).for_each(|i| means[i] += f64::from(x[i]));
        }
        means.iter_mut().for_each(|mean| *mean /= channels);
        let mut scales = [0.0_f64; N];
        for x in (0..self.weight.len()).filter_map(values) {
            for i in 0..N {
                let d = f64::from(x[i]) - means[i];
                scales[i] += d * d;
            }
        }
        let means = means.map(|mean| mean as f32);
        let scales = scales.map(|sum| (1.0 / (sum / channels + EPSILON).sqrt()) as f32);
        let layer = self.weight.iter().zip(self.bias);
        let sources = (0..self.weight.len()).filter_map(values);
        for ((to, x), (&weight, &bias)) in self.to.each_row().zip(sources).zip(layer) {
            let to = &mut to[first..first + N];
            for i in 0..N {
                to[i] = (x[i] - means[i]) * scales[i] * weight + bias;
            }
        }
    }
}
