//! Group normalisation, fused with what follows it: FiLM (a scale and a shift a channel) and SiLU.
//!
//! Two passes over a group for its statistics, one that writes `silu(a * x + b)` with `a` and `b`
//! of each channel. Partial sums run in fixed lanes, their totals in float64.

use amdm::error::Error;
use candle_core::{D, Tensor as CandleTensor};
use pulp::{Simd, WithSimd};

use super::exponential::silu;
use super::map::{Map, Plane, misfit};
use super::matrix::{Pane, tiles};
use super::work::Work;
use crate::error::mixed;
use crate::weights::{Parameter, Weights};
use crate::{Device, Result};

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
    epsilon: f64,
}

impl Norm {
    /// `name.weight` and `name.bias`, [channels] each; `epsilon` is added to the variance.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        channels: usize,
        groups: usize,
        epsilon: f64,
    ) -> Result<Self> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            let message = format!("norm `{name}` has {channels} channels for {groups} groups");
            return Err(Error::invalid(message));
        }
        let weight = weights.parameter(&format!("{name}.weight"), &[channels])?;
        let bias = weights.parameter(&format!("{name}.bias"), &[channels])?;
        Ok(Self { weight, bias, channels, groups, epsilon })
    }

    /// The normalised `x`.
    pub(crate) fn apply(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        self.run(x, None, false, work)
    }

    /// `silu(norm(x))`.
    pub(crate) fn silu(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        self.run(x, None, true, work)
    }

    /// `silu(norm(x) * (1 + scale) + shift)`, with the scales and shifts of `film` from `start` on.
    pub(crate) fn film_silu(
        &self,
        x: &Map,
        film: &Film,
        start: usize,
        work: Work<'_>,
    ) -> Result<Map> {
        self.run(x, Some((film, start)), true, work)
    }

    fn run(
        &self,
        x: &Map,
        film: Option<(&Film, usize)>,
        activate: bool,
        work: Work<'_>,
    ) -> Result<Map> {
        match (x, &self.weight, &self.bias) {
            (Map::Host(x), Parameter::Host(weight), Parameter::Host(bias)) => {
                let film = match film {
                    Some((Film(Parameter::Host(values)), start)) => {
                        Some(&values.values()?[start..start + 2 * self.channels])
                    }
                    Some(_) => return Err(mixed()),
                    None => None,
                };
                let (weight, bias) = (weight.values()?, bias.values()?);
                let scales = Scales { weight, bias, film, activate, epsilon: self.epsilon };
                self.on_host(x, &scales, work).map(Map::Host)
            }
            (Map::Composed(x), Parameter::Composed(weight), Parameter::Composed(bias)) => {
                let film = match film {
                    Some((Film(Parameter::Composed(values)), start)) => Some((values, start)),
                    Some(_) => return Err(mixed()),
                    None => None,
                };
                work.go_on()?;
                Map::composed(self.composed(x, weight, bias, film, activate))
            }
            _ => Err(mixed()),
        }
    }

    fn on_host(&self, x: &Plane, scales: &Scales<'_>, work: Work<'_>) -> Result<Plane> {
        if x.channels != self.channels {
            return Err(misfit("a norm", x.channels, self.channels));
        }
        let mut out = x.stale_like(x.channels);
        let (members, area) = (self.channels / self.groups, x.area());
        let arch = pulp::Arch::new();
        tiles(work, &mut out.values, [x.channels, area], [members, area], |tile| {
            let from = &x.row(tile.part)[tile.row * area..][..members * area];
            arch.dispatch(Group { scales, first: tile.row, area, from, to: &mut tile.pane });
            Ok(())
        })?;
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
        let normal = centred.broadcast_div(&(variance + self.epsilon)?.sqrt()?)?.reshape(shape)?;
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

/// What happens to normalised values, of all channels.
struct Scales<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
    /// Scales, then shifts.
    film: Option<&'a [f32]>,
    activate: bool,
    epsilon: f64,
}

/// One group of one row.
struct Group<'a, 'b> {
    scales: &'a Scales<'a>,
    /// The group's first channel.
    first: usize,
    area: usize,
    from: &'a [f32],
    to: &'a mut Pane<'b>,
}

impl WithSimd for Group<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let scales = self.scales;
        let (mean, scale) = statistics(self.from, scales.epsilon);
        let from = self.from.chunks_exact(self.area);
        for (channel, (from, to)) in (self.first..).zip(from.zip(self.to.each_row())) {
            let mut a = scale * scales.weight[channel];
            let mut b = scales.bias[channel] - mean * a;
            if let Some(film) = scales.film {
                let gain = 1.0 + film[channel];
                a *= gain;
                b = b * gain + film[scales.weight.len() + channel];
            }
            if scales.activate {
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
fn statistics(values: &[f32], epsilon: f64) -> (f32, f32) {
    let count = values.len() as f64;
    let mean = (sum(values, |x| x) / count) as f32;
    let variance = sum(values, |x| (x - mean) * (x - mean)) / count;
    (mean, (1.0 / (variance + epsilon).sqrt()) as f32)
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
