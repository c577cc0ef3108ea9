//! The first half of a UNet, which a ControlNet repeats: timestep, way down, middle.

use amdm::error::Error;

use super::hook::Block;
use super::residual::Residual;
use super::transformer::{Call, Transformer};
use super::{Facts, check, has, series, widths};
use crate::kernels::{Activation, Convolution, Map, Pointwise, Work};
use crate::weights::Weights;
use crate::{Device, Result, Tensor};

/// Added to the variance of norms over maps.
pub(super) const EPSILON: f64 = 1e-5;
/// The timestep's slowest sinusoid takes about as many steps a radian.
const PERIOD: f64 = 10_000.0;

/// The layers of one resolution.
pub(super) struct Level {
    pub(super) steps: Vec<(Residual, Option<Transformer>)>,
    /// To the next resolution.
    pub(super) resample: Option<Convolution>,
}

impl Level {
    /// `name.resnets`, `attentions`, and `name.resample.0.conv` with `stride`.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        (resample, stride): (&str, usize),
        facts: Facts,
        blocks: &mut Vec<Block>,
    ) -> Result<Self> {
        let steps = series(weights, &format!("{name}.resnets"), ".conv1", |residual, index| {
            let attention = format!("{name}.attentions.{index}");
            let transformer = has(weights, &format!("{attention}.proj_in"))
                .then(|| Transformer::load(weights, &attention, facts, blocks))
                .transpose()?;
            Ok((Residual::load(weights, residual, facts.groups, EPSILON)?, transformer))
        })?;
        let resample = format!("{name}.{resample}.0.conv");
        let resample = has(weights, &resample)
            .then(|| Convolution::load(weights, &resample, widths(weights, &resample)?, stride))
            .transpose()?;
        Ok(Self { steps, resample })
    }
}

pub(super) struct Encoder {
    time: [Pointwise; 2],
    input: Convolution,
    levels: Vec<Level>,
    middle: (Residual, Transformer, Residual),
    /// Of latents.
    pub(super) channels: usize,
    /// Of the first maps, and of the sinusoids.
    pub(super) width: usize,
    /// Of the context's tokens.
    context: usize,
}

/// What a call starts with.
pub(super) struct Start {
    pub(super) latent: Map,
    /// Of the timestep, through SiLU.
    pub(super) embedding: Map,
    pub(super) context: Map,
}

impl Encoder {
    /// `time_embedding`, `conv_in`, `down_blocks` and `mid_block`; `blocks` gets its blocks.
    pub(super) fn load(
        weights: &Weights<'_>,
        facts: Facts,
        blocks: &mut Vec<Block>,
    ) -> Result<Self> {
        let time = |name: &str| Pointwise::load(weights, name, widths(weights, name)?);
        let (channels, width) = widths(weights, "conv_in")?;
        let mut down =
            |name: &str, _| Level::load(weights, name, ("downsamplers", 2), facts, blocks);
        let levels = series(weights, "down_blocks", ".resnets.0.conv1", &mut down)?;
        let residual = |index| {
            Residual::load(weights, &format!("mid_block.resnets.{index}"), facts.groups, EPSILON)
        };
        let attention = "mid_block.attentions.0";
        let key = format!("{attention}.transformer_blocks.0.attn2.to_k");
        Ok(Self {
            time: [time("time_embedding.linear_1")?, time("time_embedding.linear_2")?],
            input: Convolution::load(weights, "conv_in", (channels, width), 1)?,
            levels,
            middle: (
                residual(0)?,
                Transformer::load(weights, attention, facts, blocks)?,
                residual(1)?,
            ),
            channels,
            width,
            context: widths(weights, &key)?.0,
        })
    }

    /// Checks what a call brings, and embeds the timesteps: one, or one a row.
    pub(super) fn start(
        &self,
        latent: &Tensor,
        timesteps: &[f64],
        context: &Tensor,
        work: Work<'_>,
    ) -> Result<Start> {
        check("a latent", latent, &[0, self.channels, 0, 0])?;
        let rows = latent.extents().first().map_or(0, |&rows| rows as usize);
        check("a context", context, &[rows, 0, self.context])?;
        if timesteps.is_empty() || (timesteps.len() != 1 && timesteps.len() != rows) {
            let found = timesteps.len();
            let message = format!("found {found} timesteps for {rows} rows, expected 1 or {rows}");
            return Err(Error::invalid(message));
        }
        let is_one = timesteps.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits());
        let timesteps = if is_one { &timesteps[..1] } else { timesteps };
        let embedding = sinusoids(latent.device(), timesteps, self.width)?;
        let embedding = self.time[0].activated(&embedding, Activation::Silu, work)?;
        let embedding = self.time[1].activated(&embedding, Activation::Silu, work)?;
        Ok(Start { latent: Map::of(latent)?, embedding, context: Map::of_tokens(context)? })
    }

    /// Maps for the way up, in the order they come up, and the middle's result; `hint` is added to
    /// the first map.
    pub(super) fn run(
        &self,
        start: &Start,
        hint: Option<Map>,
        call: Call<'_>,
    ) -> Result<(Vec<Map>, Map)> {
        let (work, embedding) = (call.work, Some(&start.embedding));
        let mut x = self.input.apply(&start.latent, hint, work)?;
        let mut skips = vec![x.share()];
        for level in &self.levels {
            for (residual, transformer) in &level.steps {
                x = residual.apply(x, embedding, work)?;
                if let Some(transformer) = transformer {
                    x = transformer.apply(x, call)?;
                }
                skips.push(x.share());
            }
            if let Some(resample) = &level.resample {
                x = resample.apply(&x, None, work)?;
                skips.push(x.share());
            }
        }
        let (first, transformer, second) = &self.middle;
        x = first.apply(x, embedding, work)?;
        x = transformer.apply(x, call)?;
        x = second.apply(x, embedding, work)?;
        Ok((skips, x))
    }
}

/// Cosines of a timestep at every frequency, then sines: float32 throughout, as networks were
/// trained.
#[allow(clippy::cast_possible_truncation)]
fn sinusoids(device: &Device, timesteps: &[f64], width: usize) -> Result<Map> {
    let half = width / 2;
    let angle = |timestep: f64, index: usize| {
        let exponent = -libm::log(PERIOD) as f32 * index as f32 / half as f32;
        timestep as f32 * libm::exp(f64::from(exponent)) as f32
    };
    let mut values = Vec::with_capacity(timesteps.len() * width);
    for &timestep in timesteps {
        values.extend((0..half).map(|index| libm::cosf(angle(timestep, index))));
        values.extend((0..half).map(|index| libm::sinf(angle(timestep, index))));
        values.resize(values.len() + width % 2, 0.0);
    }
    let extent = |extent: usize| u32::try_from(extent).unwrap_or(u32::MAX);
    let shape = [extent(timesteps.len()), extent(width), 1, 1];
    Map::of(&Tensor::from_f32(device, &shape, values)?)
}
