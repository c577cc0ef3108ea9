//! The autoencoder: pictures to latents and back.

use super::residual::Residual;
use super::{check, has, series, widths};
use crate::kernels::{Attention, Convolution, Map, Norm, Pointwise, Work};
use crate::weights::Weights;
use crate::{Cancel, Result, Tensor};

/// Added to the variance of every norm.
const EPSILON: f64 = 1e-6;

/// An autoencoder of Stable Diffusion 1.x; latents are on its own scale, without a factor.
pub(crate) struct Vae {
    encoder: Encoder,
    /// To means and logarithms of variances.
    quantise: Pointwise,
    unquantise: Pointwise,
    decoder: Decoder,
}

impl Vae {
    /// `encoder`, `quant_conv`, `post_quant_conv` and `decoder`; norms over maps have `groups`.
    ///
    /// # Errors
    /// `invalid_input` for a tensor that is missing or has another shape.
    pub(crate) fn load(weights: &Weights<'_>, groups: usize) -> Result<Self> {
        let pointwise = |name: &str| Pointwise::load(weights, name, widths(weights, name)?);
        Ok(Self {
            encoder: Encoder::load(weights, groups)?,
            quantise: pointwise("quant_conv")?,
            unquantise: pointwise("post_quant_conv")?,
            decoder: Decoder::load(weights, groups)?,
        })
    }

    /// Channels of its latents.
    pub(crate) fn channels(&self) -> usize {
        self.unquantise.outputs()
    }

    /// The means of the latents [rows, 4, height / 8, width / 8] of `pictures` [rows, 3, height,
    /// width] in [-1, 1], whose sides are multiples of 8.
    ///
    /// # Errors
    /// `invalid_input` for another shape, `cancelled` once `cancel` says so.
    pub(crate) fn encode(&self, pictures: &Tensor, cancel: Cancel<'_>) -> Result<Tensor> {
        check("a picture", pictures, &[0, self.encoder.channels, 0, 0])?;
        each_row(pictures, |row| {
            Work::on(row.device(), cancel, |work| {
                let moments = self.moments(&Map::of(row)?, work)?;
                moments.channels(0, self.channels())?.into_tensor(row.device())
            })
        })
    }

    /// Means, then logarithms of variances.
    fn moments(&self, pictures: &Map, work: Work<'_>) -> Result<Map> {
        self.quantise.apply(&self.encoder.apply(pictures, work)?, None, work)
    }

    /// The pictures [rows, 3, 8 height, 8 width], about in [-1, 1], of `latents` [rows, 4, height,
    /// width].
    ///
    /// # Errors
    /// `invalid_input` for another shape, `cancelled` once `cancel` says so.
    pub(crate) fn decode(&self, latents: &Tensor, cancel: Cancel<'_>) -> Result<Tensor> {
        check("a latent", latents, &[0, self.channels(), 0, 0])?;
        each_row(latents, |row| {
            Work::on(row.device(), cancel, |work| {
                let x = self.unquantise.apply(&Map::of(row)?, None, work)?;
                self.decoder.apply(&x, work)?.into_tensor(row.device())
            })
        })
    }
}

/// Row after row: one alone takes gigabytes at the sizes of large pictures.
fn each_row(tensor: &Tensor, call: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let rows = tensor.extents().first().copied().unwrap_or(0);
    let results: Vec<Tensor> =
        (0..rows).map(|row| call(&tensor.narrow(0, row, 1)?)).collect::<Result<_>>()?;
    match results.as_slice() {
        [one] => Ok(one.clone()),
        several => Tensor::concat(&several.iter().collect::<Vec<_>>(), 0),
    }
}

/// The layers of one resolution.
struct Level {
    residuals: Vec<Residual>,
    resample: Option<Convolution>,
}

impl Level {
    /// `name.resnets`, and `name.resample.0.conv` by `load`.
    fn load(
        weights: &Weights<'_>,
        name: &str,
        groups: usize,
        resample: &str,
        load: impl Fn(&str) -> Result<Convolution>,
    ) -> Result<Self> {
        let resample = format!("{name}.{resample}.0.conv");
        Ok(Self {
            residuals: series(weights, &format!("{name}.resnets"), ".conv1", |name, _| {
                Residual::load(weights, name, groups, EPSILON)
            })?,
            resample: has(weights, &resample).then(|| load(&resample)).transpose()?,
        })
    }

    fn apply(&self, mut x: Map, work: Work<'_>) -> Result<Map> {
        for residual in &self.residuals {
            x = residual.apply(x, None, work)?;
        }
        Ok(x)
    }
}

/// Pictures to moments before the last linear layer.
struct Encoder {
    input: Convolution,
    levels: Vec<Level>,
    middle: Middle,
    norm: Norm,
    output: Convolution,
    channels: usize,
}

impl Encoder {
    fn load(weights: &Weights<'_>, groups: usize) -> Result<Self> {
        let convolution = |name: &str| Convolution::load(weights, name, widths(weights, name)?, 1);
        let halve =
            |name: &str| Convolution::load_lower_right(weights, name, widths(weights, name)?);
        let level = |name: &str, _| Level::load(weights, name, groups, "downsamplers", halve);
        let (width, _) = widths(weights, "encoder.conv_out")?;
        Ok(Self {
            input: convolution("encoder.conv_in")?,
            levels: series(weights, "encoder.down_blocks", ".resnets.0.conv1", level)?,
            middle: Middle::load(weights, "encoder.mid_block", groups)?,
            norm: Norm::load(weights, "encoder.conv_norm_out", width, groups, EPSILON)?,
            output: convolution("encoder.conv_out")?,
            channels: widths(weights, "encoder.conv_in")?.0,
        })
    }

    fn apply(&self, pictures: &Map, work: Work<'_>) -> Result<Map> {
        let mut x = self.input.apply(pictures, None, work)?;
        for level in &self.levels {
            x = level.apply(x, work)?;
            if let Some(resample) = &level.resample {
                x = resample.apply(&x, None, work)?;
            }
        }
        let x = self.middle.apply(x, work)?;
        self.output.apply(&self.norm.silu(&x, work)?, None, work)
    }
}

/// Latents after the first linear layer to pictures.
struct Decoder {
    input: Convolution,
    middle: Middle,
    levels: Vec<Level>,
    norm: Norm,
    output: Convolution,
}

impl Decoder {
    fn load(weights: &Weights<'_>, groups: usize) -> Result<Self> {
        let convolution = |name: &str| Convolution::load(weights, name, widths(weights, name)?, 1);
        let level = |name: &str, _| Level::load(weights, name, groups, "upsamplers", convolution);
        let (width, _) = widths(weights, "decoder.conv_out")?;
        Ok(Self {
            input: convolution("decoder.conv_in")?,
            middle: Middle::load(weights, "decoder.mid_block", groups)?,
            levels: series(weights, "decoder.up_blocks", ".resnets.0.conv1", level)?,
            norm: Norm::load(weights, "decoder.conv_norm_out", width, groups, EPSILON)?,
            output: convolution("decoder.conv_out")?,
        })
    }

    fn apply(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        let mut x = self.middle.apply(self.input.apply(x, None, work)?, work)?;
        for level in &self.levels {
            x = level.apply(x, work)?;
            if let Some(resample) = &level.resample {
                x = resample.apply(&x.double(work)?, None, work)?;
            }
        }
        let x = self.norm.silu(&x, work)?;
        self.output.apply(&x, None, work)
    }
}

/// Pixels attend to each other between two residual blocks.
struct Middle {
    first: Residual,
    norm: Norm,
    projections: [Pointwise; 3],
    attention: Attention,
    output: Pointwise,
    second: Residual,
}

impl Middle {
    fn load(weights: &Weights<'_>, name: &str, groups: usize) -> Result<Self> {
        let part = |part: &str| format!("{name}.attentions.0.{part}");
        let pointwise = |name: &str| {
            let name = part(name);
            Pointwise::load(weights, &name, widths(weights, &name)?)
        };
        let residual =
            |index| Residual::load(weights, &format!("{name}.resnets.{index}"), groups, EPSILON);
        let (width, channels) = widths(weights, &part("to_q"))?;
        Ok(Self {
            first: residual(0)?,
            norm: Norm::load(weights, &part("group_norm"), width, groups, EPSILON)?,
            projections: [pointwise("to_q")?, pointwise("to_k")?, pointwise("to_v")?],
            attention: Attention { heads: 1, channels, is_causal: false },
            output: pointwise("to_out.0")?,
            second: residual(1)?,
        })
    }

    fn apply(&self, x: Map, work: Work<'_>) -> Result<Map> {
        let x = self.first.apply(x, None, work)?;
        let normal = self.norm.apply(&x, work)?;
        let [queries, keys, values] = &self.projections;
        let queries = queries.apply(&normal, None, work)?;
        let keys = keys.apply(&normal, None, work)?;
        let values = values.apply(&normal, None, work)?;
        let parts = [queries.part(0), keys.part(0), values.part(0)];
        let attended = self.attention.apply(parts, work)?;
        let x = self.output.apply(&attended, Some(x), work)?;
        self.second.apply(x, None, work)
    }
}

#[cfg(test)]
impl Vae {
    /// Means and logarithms of variances of pictures.
    pub(super) fn all_moments(&self, pictures: &Tensor) -> Result<Tensor> {
        Work::on(pictures.device(), &|| false, |work| {
            self.moments(&Map::of(pictures)?, work)?.into_tensor(pictures.device())
        })
    }
}
