//! Group normalisation, fused with what follows it: FiLM (a scale and a shift a channel) and SiLU.
//!
//! Two passes over a group for its statistics, one that writes `silu(a * x + b)` with `a` and `b`
//! of each channel. Partial sums run in fixed lanes, their totals in float64.

use candle_core::{D, Tensor as CandleTensor};
use pulp::{Simd, WithSimd};

use super::exponential::silu;
use super::map::{Map, Plane, misfit};
use crate::error::mixed;
use crate::weights::{Parameter, Weights};
use crate::{Device, Result};

/// Added to the variance, as in every network here.
const EPSILON: f64 = 1e-5;
const LANES: usize = 16;
/// Values that are summed in float32 before they join the total.
const RUN: usize = 4096;

/// Scales and shifts of all norms of a network that take them, for one condition.
pub(crate) struct Film(Parameter);

impl Film {
    /// Row of values; a norm finds its `channels` scales, then its shifts, from its start on.
    pub(crate) fn new(device: &Device, values: Vec<f32>) -> Result<Self> {
        let shape = [values.len()];
        Parameter::new(device, &shape, values).map(Self)
    }
}

/// A group normalisation with its weights.
pub(crate) struct Norm {
    weight: Parameter,
    bias: Parameter,
    channels: usize,
    groups: usize,
}

impl Norm {
    /// `name.weight` and `name.bias`, [channels] each.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        channels: usize,
        groups: usize,
    ) -> Result<Self> {
        let weight = weights.parameter(&format!("{name}.weight"), &[channels])?;
        let bias = weights.parameter(&format!("{name}.bias"), &[channels])?;
        Ok(Self { weight, bias, channels, groups })
    }

    /// The normalised `x`.
    pub(crate) fn apply(&self, x: &Map) -> Result<Map> {
        self.run(x, None, false)
    }

    /// `silu(norm(x))`.
    pub(crate) fn silu(&self, x: &Map) -> Result<Map> {
        self.run(x, None, true)
    }

    /// `silu(norm(x) * (1 + scale) + shift)`, with the scales and shifts of `film` from `start` on.
    pub(crate) fn film_silu(&self, x: &Map, film: &Film, start: usize) -> Result<Map> {
        self.run(x, Some((film, start)), true)
    }

    fn run(&self, x: &Map, film: Option<(&Film, usize)>, activate: bool) -> Result<Map> {
        match (x, &self.weight, &self.bias) {
            (Map::Host(x), Parameter::Host(weight), Parameter::Host(bias)) => {
                let film = match film {
                    Some((Film(Parameter::Host(values)), start)) => {
                        Some(&values[start..start + 2 * self.channels])
                    }
                    Some(_) => return Err(mixed()),
                    None => None,
                };
                self.on_host(x, weight, bias, film, activate).map(Map::Host)
            }
            (Map::Composed(x), Parameter::Composed(weight), Parameter::Composed(bias)) => {
                let film = match film {
                    Some((Film(Parameter::Composed(values)), start)) => Some((values, start)),
                    Some(_) => return Err(mixed()),
                    None => None,
                };
                Map::composed(self.composed(x, weight, bias, film, activate))
            }
            _ => Err(mixed()),
        }
    }

    fn on_host(
        &self,
        x: &Plane,
        weight: &[f32],
        bias: &[f32],
        film: Option<&[f32]>,
        activate: bool,
    ) -> Result<Plane> {
        if x.channels != self.channels {
            return Err(misfit("a norm", x.channels, self.channels));
        }
        let mut out = Plane::stale(x.channels, x.height, x.width);
        let area = x.area();
        let members = self.channels / self.groups;
        let arch = pulp::Arch::new();
        let groups = x.values.chunks_exact(area * members);
        for (index, (from, to)) in
            groups.zip(out.values.chunks_exact_mut(area * members)).enumerate()
        {
            let first = index * members;
            arch.dispatch(Group { weight, bias, film, activate, first, area, from, to });
        }
        Ok(out)
    }

    fn composed(
        &self,
        x: &CandleTensor,
        weight: &CandleTensor,
        bias: &CandleTensor,
        film: Option<(&CandleTensor, usize)>,
        activate: bool,
    ) -> candle_core::Result<CandleTensor> {
        let shape = x.dims4()?;
        let channels = (1, self.channels, 1, 1);
        let grouped = x.reshape((shape.0, self.groups, ()))?;
        let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normal = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?.reshape(shape)?;
        let scaled = normal.broadcast_mul(&weight.reshape(channels)?)?;
        let mut out = scaled.broadcast_add(&bias.reshape(channels)?)?;
        if let Some((film, start)) = film {
            let part = |at| film.narrow(0, at, self.channels)?.reshape(channels);
            out = out.broadcast_mul(&(part(start)? + 1.0)?)?;
            out = out.broadcast_add(&part(start + self.channels)?)?;
        }
        if activate { out.silu() } else { Ok(out) }
    }
}

/// One group of one row.
struct Group<'a> {
    /// Of all channels of the row, as `bias` and `film`.
    weight: &'a [f32],
    bias: &'a [f32],
    /// Scales, then shifts.
    film: Option<&'a [f32]>,
    activate: bool,
    /// The group's first channel.
    first: usize,
    area: usize,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (mean, scale) = statistics(self.from);
        let from = self.from.chunks_exact(self.area);
        let channels = from.zip(self.to.chunks_exact_mut(self.area));
        for (channel, (from, to)) in (self.first..).zip(channels) {
            let mut a = scale * self.weight[channel];
            let mut b = self.bias[channel] - mean * a;
            if let Some(film) = self.film {
                let gain = 1.0 + film[channel];
                a *= gain;
                b = b * gain + film[self.weight.len() + channel];
            }
            if self.activate {
                to.iter_mut().zip(from).for_each(|(to, &x)| *to = silu(a * x + b));
            } else {
                to.iter_mut().zip(from).for_each(|(to, &x)| *to = a * x + b);
            }
        }
    }
}

/// Mean, and the inverse of the standard deviation.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
fn statistics(values: &[f32]) -> (f32, f32) {
    let count = values.len() as f64;
    let mean = (sum(values, |x| x) / count) as f32;
    let variance = sum(values, |x| (x - mean) * (x - mean)) / count;
    (mean, (1.0 / (variance + EPSILON).sqrt()) as f32)
}

#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for run in values.chunks(RUN) {
        let mut lanes = [0.0_f32; LANES];
        let (blocks, rest) = run.as_chunks::<LANES>();
        for block in blocks {
            for lane in 0..LANES {
                lanes[lane] += of(block[lane]);
            }
        }
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        total += rest.iter().map(|&x| f64::from(of(x))).sum::<f64>();
    }
    total
}
