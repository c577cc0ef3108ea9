//! The UNet: latents, a timestep and a context to the prediction.

use super::encoder::{EPSILON, Encoder, Level};
use super::hook::{Block, Hook};
use super::transformer::Call;
use super::{Facts, series, widths};
use crate::kernels::{Convolution, Norm, Work};
use crate::weights::Weights;
use crate::{Cancel, Result, Tensor};

/// A UNet of Stable Diffusion 1.x, with 4 or 9 channels of latents.
pub(crate) struct Unet {
    encoder: Encoder,
    levels: Vec<Level>,
    norm: Norm,
    output: Convolution,
    // For grounding, which nothing attaches yet.
    #[allow(dead_code)]
    blocks: Vec<Block>,
}

impl Unet {
    /// `conv_in`, `down_blocks`, `mid_block`, `up_blocks`, `conv_out` and so on.
    ///
    /// # Errors
    /// `invalid_input` for a tensor that is missing or has another shape.
    pub(crate) fn load(weights: &Weights<'_>, facts: Facts) -> Result<Self> {
        let mut blocks = Vec::new();
        let encoder = Encoder::load(weights, facts, &mut blocks)?;
        let mut up =
            |name: &str, _| Level::load(weights, name, ("upsamplers", 1), facts, &mut blocks);
        let levels = series(weights, "up_blocks", ".resnets.0.conv1", &mut up)?;
        let (width, outputs) = widths(weights, "conv_out")?;
        Ok(Self {
            encoder,
            levels,
            norm: Norm::load(weights, "conv_norm_out", width, facts.groups, EPSILON)?,
            output: Convolution::load(weights, "conv_out", (width, outputs), 1)?,
            blocks,
        })
    }

    /// Channels of the latents that it takes: 4, or 9 where a mask and a masked picture follow.
    pub(crate) fn channels(&self) -> usize {
        self.encoder.channels
    }

    /// Its transformer blocks in the order they run, which is how a [`Hook`] counts them.
    #[allow(dead_code)]
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The prediction for every row of `latent` [rows, channels, height, width], whose timesteps
    /// are one for all or one a row, in training steps; `context` is [rows, tokens, width].
    ///
    /// Temporaries grow with the rows; a row's result depends on no other row.
    ///
    /// # Errors
    /// `invalid_input` for shapes that do not fit, `cancelled` once `cancel` says so; a hook's own.
    pub(crate) fn predict(
        &self,
        latent: &Tensor,
        timesteps: &[f64],
        context: &Tensor,
        hooks: &[&dyn Hook],
        cancel: Cancel<'_>,
    ) -> Result<Tensor> {
        let device = latent.device();
        Work::on(device, cancel, |work| {
            let start = self.encoder.start(latent, timesteps, context, work)?;
            let call = Call { context: &start.context, hooks, work };
            let (mut skips, mut x) = self.encoder.run(&start, None, call)?;
            for hook in hooks {
                let maps = skips.into_iter().enumerate();
                skips = maps.map(|(index, map)| hook.skip(index, map)).collect::<Result<_>>()?;
                x = hook.skip(skips.len(), x)?;
            }
            for level in &self.levels {
                for (residual, transformer) in &level.steps {
                    if let Some(skip) = skips.pop() {
                        x = x.join(&skip)?;
                    }
                    x = residual.apply(x, Some(&start.embedding), work)?;
                    if let Some(transformer) = transformer {
                        x = transformer.apply(x, call)?;
                    }
                }
                if let Some(resample) = &level.resample {
                    let [_, _, height, width] = skips.last().unwrap_or(&x).extents()?;
                    x = resample.apply(&x.enlarge(height, width, work)?, None, work)?;
                }
            }
            let x = self.norm.silu(&x, work)?;
            self.output.apply(&x, None, work)?.into_tensor(device)
        })
    }
}
