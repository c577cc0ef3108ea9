//! The residual block of UNets and of the VAE: two convolutions, told the timestep between them.

use super::{has, widths};
use crate::Result;
use crate::kernels::{Convolution, Map, Norm, Pointwise, Work};
use crate::weights::Weights;

pub(super) struct Residual {
    first_norm: Norm,
    first: Convolution,
    /// From the embedding of the timestep to a value a channel.
    embed: Option<Pointwise>,
    second_norm: Norm,
    second: Convolution,
    /// Where the widths differ.
    shortcut: Option<Pointwise>,
}

impl Residual {
    /// `name.norm1`, `conv1`, `norm2`, `conv2`, and `time_emb_proj` and `conv_shortcut` where the
    /// file has them.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        groups: usize,
        epsilon: f64,
    ) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let (inputs, outputs) = widths(weights, &part("conv1"))?;
        let optional = |name: String| {
            let load = |name| Pointwise::load(weights, name, widths(weights, name)?);
            has(weights, &name).then(|| load(&name)).transpose()
        };
        Ok(Self {
            first_norm: Norm::load(weights, &part("norm1"), inputs, groups, epsilon)?,
            first: Convolution::load(weights, &part("conv1"), (inputs, outputs), 1)?,
            embed: optional(part("time_emb_proj"))?,
            second_norm: Norm::load(weights, &part("norm2"), outputs, groups, epsilon)?,
            second: Convolution::load(weights, &part("conv2"), (outputs, outputs), 1)?,
            shortcut: optional(part("conv_shortcut"))?,
        })
    }

    /// `embedding` went through SiLU; it has one row for all, or as many as `x`.
    pub(super) fn apply(&self, x: Map, embedding: Option<&Map>, work: Work<'_>) -> Result<Map> {
        let hidden = self.first_norm.silu(&x, work)?;
        let hidden = match (&self.embed, embedding) {
            (Some(embed), Some(embedding)) => {
                self.first.shifted(&hidden, &embed.apply(embedding, None, work)?, work)?
            }
            _ => self.first.apply(&hidden, None, work)?,
        };
        let hidden = self.second_norm.silu(&hidden, work)?;
        let residual = match &self.shortcut {
            Some(shortcut) => shortcut.apply(&x, None, work)?,
            None => x,
        };
        self.second.apply(&hidden, Some(residual), work)
    }
}
