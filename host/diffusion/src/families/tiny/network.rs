//! The network of the tiny family: a small UNet with two resolutions, 39.5 million products a row.
//!
//! A pass is one condition over the rows of one latent. What depends on the condition alone, the
//! scales and shifts of all norms, is computed once a pass. On the CPU rows are independent and
//! spread over threads; on other devices a pass is one batch, never joined with another, so that a
//! lane's result cannot depend on the other lanes of its step.

use amdm::math::Tensor as _;
use candle_core::Tensor as CandleTensor;
use rayon::prelude::*;

use super::blocks::{EMBEDDING, EPSILON, Mixing, Residual};
use super::conditions::Condition;
use super::{CHANNELS, SIDE};
use crate::device::Backend;
use crate::kernels::{Convolution, Film, Linear, Map, Norm, Work, activate};
use crate::weights::{Parameter, Weights};
use crate::{Cancel, Device, Result, Tensor, WeightFile, error};

/// Widths at full and half resolution of the folded image.
const WIDE: usize = 32;
const DEEP: usize = 64;
/// Channels of the folded image, and of the folded map of objects.
const IMAGE: usize = 12;
const MAP: usize = 4;
const GROUPS: usize = 8;
/// Frequencies of the timestep's sinusoid, from 1 down to nearly 1 / `PERIOD`.
const FREQUENCIES: usize = 32;
const PERIOD: f64 = 10_000.0;
/// Entries of the token tables: colour 1, shape 1, colour 2, shape 2, style.
const TABLES: [usize; 5] = [8, 5, 8, 5, 5];
const LATENT: usize = CHANNELS as usize * SIDE * SIDE;

/// The network with its weights.
pub(super) struct Network {
    embedding: Embedding,
    input: Convolution,
    down: Convolution,
    up: Convolution,
    output: Convolution,
    output_norm: Norm,
    /// `d0`, `d1`, `m`, `u1`, `u0`.
    residuals: [Residual; 5],
    /// `a1`, `a2`.
    mixings: [Mixing; 2],
}

/// One condition over the rows of a latent.
pub(super) struct Pass<'a> {
    latent: &'a Tensor,
    film: Film,
    /// [SIDE, SIDE].
    map: Parameter,
}

impl Network {
    /// The network of a safetensors file with the family's names, on `device`.
    pub(super) fn load(file: &WeightFile, device: &Device) -> Result<Self> {
        let weights = &Weights::parse(file, device)?;
        let convolution =
            |name: &str, widths, stride| Convolution::load(weights, name, widths, stride);
        let mut start = 0;
        let mut residual = |name: &str, widths| Residual::load(weights, name, widths, &mut start);
        Ok(Self {
            embedding: Embedding::load(weights)?,
            input: convolution("inp", (IMAGE + MAP, WIDE), 1)?,
            down: convolution("down", (WIDE, DEEP), 2)?,
            up: convolution("up", (DEEP, WIDE), 1)?,
            output: convolution("out", (WIDE, IMAGE), 1)?,
            output_norm: Norm::load(weights, "on", WIDE, GROUPS, EPSILON)?,
            residuals: [
                residual("d0", (WIDE, WIDE))?,
                residual("d1", (DEEP, DEEP))?,
                residual("m", (DEEP, DEEP))?,
                residual("u1", (2 * DEEP, DEEP))?,
                residual("u0", (2 * WIDE, WIDE))?,
            ],
            mixings: [Mixing::load(weights, "a1", DEEP)?, Mixing::load(weights, "a2", DEEP)?],
        })
    }

    /// Prepares `condition` for the rows of `latent`, which lies on the network's device.
    pub(super) fn pass<'a>(
        &self,
        latent: &'a Tensor,
        timestep: f64,
        condition: &Condition,
    ) -> Result<Pass<'a>> {
        let embedding = self.embedding.of(timestep, condition);
        let mut values = Vec::new();
        self.residuals.iter().for_each(|block| block.extend_film(&embedding, &mut values));
        let device = latent.device();
        let map = condition.map.clone().unwrap_or_else(|| vec![0.0; SIDE * SIDE]);
        Ok(Pass {
            latent,
            film: Film::new(device, values)?,
            map: Parameter::new(device, &[1, 1, SIDE, SIDE], map)?,
        })
    }

    /// The network's output of every pass, in order, shaped as the latents.
    pub(super) fn run(
        &self,
        device: &Device,
        passes: &[Pass<'_>],
        cancel: Cancel<'_>,
    ) -> Result<Vec<Tensor>> {
        match device.backend() {
            Backend::Host => self.rows(device, passes, cancel),
            Backend::Composed(_) => {
                passes.iter().map(|pass| self.batch(device, pass, cancel)).collect()
            }
        }
    }

    fn rows(
        &self,
        device: &Device,
        passes: &[Pass<'_>],
        cancel: Cancel<'_>,
    ) -> Result<Vec<Tensor>> {
        let mut outputs: Vec<Vec<f32>> =
            passes.iter().map(|pass| vec![0.0; pass.latent.count()]).collect();
        let mut rows = Vec::new();
        for (pass, output) in passes.iter().zip(&mut outputs) {
            let latents = pass.latent.values().chunks_exact(LATENT);
            let row = |(latent, output)| (pass, latent, output);
            rows.extend(latents.zip(output.chunks_exact_mut(LATENT)).map(row));
        }
        let run = |(pass, latent, output): (&Pass<'_>, &[f32], &mut [f32])| -> Result<()> {
            let Parameter::Host(map) = &pass.map else { return Err(error::mixed()) };
            let input = Map::from_parts(&[latent, map.values()?], SIDE, SIDE);
            let result = self.forward(&input, &pass.film, Work::alone(cancel))?;
            output.copy_from_slice(result.values()?);
            Ok(())
        };
        if device.threads() == 1 || rows.len() == 1 {
            rows.into_iter().try_for_each(run)?;
        } else {
            device.install(|| rows.into_par_iter().with_max_len(1).try_for_each(run))?;
        }
        let answers = passes.iter().zip(outputs);
        Ok(answers.map(|(pass, out)| Tensor::host(device, &pass.latent.shape(), out)).collect())
    }

    fn batch(&self, device: &Device, pass: &Pass<'_>, cancel: Cancel<'_>) -> Result<Tensor> {
        let (Some(latent), Parameter::Composed(map)) = (pass.latent.candle(), &pass.map) else {
            return Err(error::mixed());
        };
        let input = || {
            let map = map.broadcast_as((latent.dim(0)?, 1, SIDE, SIDE))?;
            CandleTensor::cat(&[latent, &map], 1)
        };
        let input = Map::Composed(input().map_err(error::from_candle)?);
        let result = self.forward(&input, &pass.film, Work::alone(cancel))?;
        Tensor::composed(device, result.into_candle()?)
    }

    /// Image and map of objects, [4, 32, 32], to the noise in the image.
    fn forward(&self, x: &Map, film: &Film, work: Work<'_>) -> Result<Map> {
        let [d0, d1, m, u1, u0] = &self.residuals;
        let [a1, a2] = &self.mixings;
        let wide = d0.apply(self.input.apply(&x.fold()?, None, work)?, film, work)?;
        let deep = d1.apply(self.down.apply(&wide, None, work)?, film, work)?;
        let deep = a1.apply(deep, work)?;
        let x = a2.apply(m.apply(deep.share(), film, work)?, work)?;
        let x = u1.apply(x.join(&deep)?, film, work)?;
        let x = self.up.apply(&x.double(work)?, None, work)?;
        let x = u0.apply(x.join(&wide)?, film, work)?;
        self.output.apply(&self.output_norm.silu(&x, work)?, None, work)?.unfold()
    }
}

/// What the network is told: the timestep's sinusoid through two layers, plus learned vectors.
struct Embedding {
    time: [Linear; 2],
    tables: Vec<Vec<f32>>,
    /// Without and with a map of objects.
    flag: Vec<f32>,
}

impl Embedding {
    fn load(weights: &Weights<'_>) -> Result<Self> {
        let table = |(index, &entries): (usize, &usize)| {
            weights.values(&format!("tok.{index}.weight"), &[entries, EMBEDDING])
        };
        Ok(Self {
            time: [
                Linear::load(weights, "t1", 2 * FREQUENCIES, EMBEDDING)?,
                Linear::load(weights, "t2", EMBEDDING, EMBEDDING)?,
            ],
            tables: TABLES.iter().enumerate().map(table).collect::<Result<_>>()?,
            flag: weights.values("lay.weight", &[2, EMBEDDING])?,
        })
    }

    fn of(&self, timestep: f64, condition: &Condition) -> Vec<f32> {
        let mut hidden = self.time[0].apply(&sinusoid(timestep));
        activate(&mut hidden);
        let mut sum = self.time[1].apply(&hidden);
        let mut add = |table: &[f32], entry: usize| {
            let vector = table.chunks_exact(EMBEDDING).nth(entry).unwrap_or_default();
            sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        };
        for (table, &token) in self.tables.iter().zip(&condition.tokens) {
            add(table, token);
        }
        add(&self.flag, usize::from(condition.map.is_some()));
        activate(&mut sum);
        sum
    }
}

/// Sines of the timestep at every frequency, then cosines.
#[allow(clippy::cast_possible_truncation)]
fn sinusoid(timestep: f64) -> Vec<f32> {
    let angle = |index: usize| {
        let frequency = libm::exp(-libm::log(PERIOD) * index as f64 / FREQUENCIES as f64);
        timestep as f32 * frequency as f32
    };
    let sines = (0..FREQUENCIES).map(|index| libm::sinf(angle(index)));
    sines.chain((0..FREQUENCIES).map(|index| libm::cosf(angle(index)))).collect()
}
