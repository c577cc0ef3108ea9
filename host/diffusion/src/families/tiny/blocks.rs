//! The two blocks that the network is made of.

use crate::Result;
use crate::kernels::{Attention, Convolution, Film, Linear, Map, Norm};
use crate::weights::Weights;

/// Values of the embedding of timestep and condition.
pub(super) const EMBEDDING: usize = 128;
const GROUPS: usize = 8;
const HEADS: usize = 4;

/// Two convolutions with a residual, told the timestep and the condition by FiLM between them.
pub(super) struct Residual {
    first_norm: Norm,
    first: Convolution,
    embed: Linear,
    second_norm: Norm,
    second: Convolution,
    /// 1x1, where the widths differ.
    skip: Option<Convolution>,
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
        let convolution = |name: &str, inputs, taps| {
            Convolution::load(weights, &part(name), (inputs, outputs), taps, 1)
        };
        let block = Self {
            first_norm: Norm::load(weights, &part("n1"), inputs, GROUPS)?,
            first: convolution("c1", inputs, 3)?,
            embed: Linear::load(weights, &part("e"), EMBEDDING, 2 * outputs)?,
            second_norm: Norm::load(weights, &part("n2"), outputs, GROUPS)?,
            second: convolution("c2", outputs, 3)?,
            skip: if inputs == outputs { None } else { Some(convolution("sk", inputs, 1)?) },
            start: *start,
        };
        *start += 2 * outputs;
        Ok(block)
    }

    /// Adds this block's scales and shifts for an embedding to the network's row of them.
    pub(super) fn extend_film(&self, embedding: &[f32], out: &mut Vec<f32>) {
        self.embed.extend(embedding, out);
    }

    pub(super) fn apply(&self, x: Map, film: &Film) -> Result<Map> {
        let hidden = self.first.apply(&self.first_norm.silu(&x)?, None)?;
        let hidden = self.second_norm.film_silu(&hidden, film, self.start)?;
        let residual = match &self.skip {
            Some(skip) => skip.apply(&x, None)?,
            None => x,
        };
        self.second.apply(&hidden, Some(residual))
    }
}

/// Attention of pixels to pixels with a residual.
pub(super) struct Mixing {
    norm: Norm,
    project: Convolution,
    attention: Attention,
    output: Convolution,
}

impl Mixing {
    /// `name.n`, `qkv` and `o`.
    pub(super) fn load(weights: &Weights<'_>, name: &str, channels: usize) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let project = (channels, 3 * channels);
        Ok(Self {
            norm: Norm::load(weights, &part("n"), channels, GROUPS)?,
            project: Convolution::load(weights, &part("qkv"), project, 1, 1)?,
            attention: Attention { heads: HEADS },
            output: Convolution::load(weights, &part("o"), (channels, channels), 1, 1)?,
        })
    }

    pub(super) fn apply(&self, x: Map) -> Result<Map> {
        let mixed = self.attention.apply(&self.project.apply(&self.norm.apply(&x)?, None)?)?;
        self.output.apply(&mixed, Some(x))
    }
}
