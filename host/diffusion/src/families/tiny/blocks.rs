//! The two blocks that the network is made of.

use crate::Result;
use crate::kernels::{Attention, Convolution, Film, Linear, Map, Norm, Pointwise, Work};
use crate::weights::Weights;

/// Values of the embedding of timestep and condition.
pub(super) const EMBEDDING: usize = 128;
const GROUPS: usize = 8;
/// Added to the variances of norms.
pub(super) const EPSILON: f64 = 1e-5;
const HEADS: usize = 4;

/// Two convolutions with a residual, told the timestep and the condition by FiLM between them.
pub(super) struct Residual {
    first_norm: Norm,
    first: Convolution,
    embed: Linear,
    second_norm: Norm,
    second: Convolution,
    /// 1x1, where the widths differ.
    skip: Option<Pointwise>,
    /// Where this block's scales and shifts begin in the network's row of them.
    start: usize,
}

impl Residual {
    /// `name.n1`, `c1`, `e`, `n2`, `c2`, and `sk` where the widths differ; `start` moves on by this
    /// block's scales and shifts.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
        start: &mut usize,
    ) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let convolution =
            |name: &str, inputs| Convolution::load(weights, &part(name), (inputs, outputs), 1);
        let skip = || Pointwise::load(weights, &part("sk"), (inputs, outputs));
        let block = Self {
            first_norm: Norm::load(weights, &part("n1"), inputs, GROUPS, EPSILON)?,
            first: convolution("c1", inputs)?,
            embed: Linear::load(weights, &part("e"), EMBEDDING, 2 * outputs)?,
            second_norm: Norm::load(weights, &part("n2"), outputs, GROUPS, EPSILON)?,
            second: convolution("c2", outputs)?,
            skip: if inputs == outputs { None } else { Some(skip()?) },
            start: *start,
        };
        *start += 2 * outputs;
        Ok(block)
    }

    /// Adds this block's scales and shifts for an embedding to the network's row of them.
    pub(super) fn extend_film(&self, embedding: &[f32], out: &mut Vec<f32>) {
        self.embed.extend(embedding, out);
    }

    pub(super) fn apply(&self, x: Map, film: &Film, work: Work<'_>) -> Result<Map> {
        let hidden = self.first.apply(&self.first_norm.silu(&x, work)?, None, work)?;
        let hidden = self.second_norm.film_silu(&hidden, film, self.start, work)?;
        let residual = match &self.skip {
            Some(skip) => skip.apply(&x, None, work)?,
            None => x,
        };
        self.second.apply(&hidden, Some(residual), work)
    }
}

/// Attention of pixels to pixels with a residual.
pub(super) struct Mixing {
    norm: Norm,
    project: Pointwise,
    attention: Attention,
    output: Pointwise,
}

impl Mixing {
    /// `name.n`, `qkv` and `o`.
    pub(super) fn load(weights: &Weights<'_>, name: &str, channels: usize) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let project = (channels, 3 * channels);
        Ok(Self {
            norm: Norm::load(weights, &part("n"), channels, GROUPS, EPSILON)?,
            project: Pointwise::load(weights, &part("qkv"), project)?,
            attention: Attention { heads: HEADS, channels, is_causal: false },
            output: Pointwise::load(weights, &part("o"), (channels, channels))?,
        })
    }

    pub(super) fn apply(&self, x: Map, work: Work<'_>) -> Result<Map> {
        let qkv = self.project.apply(&self.norm.apply(&x, work)?, None, work)?;
        let channels = self.attention.channels;
        let parts = [0, channels, 2 * channels].map(|first| qkv.part(first));
        self.output.apply(&self.attention.apply(parts, work)?, Some(x), work)
    }
}
