//! GLIGEN: pixels also attend to grounded objects, each a text and a box, after their own attention.

use amdm::error::Error;

use super::hook::{Block, Hook};
use super::transformer::{FeedForward, Projections};
use super::{check, widths};
use crate::kernels::{Activation, LayerNorm, Map, Pointwise, Work};
use crate::weights::Weights;
use crate::{Cancel, Result, Tensor};

/// Frequencies of a coordinate: 100^(k / 8) for k below 8.
const FREQUENCIES: usize = 8;
const RATIO: f64 = 100.0;
/// Sides of a box.
const SIDES: usize = 4;
/// Values of a box: sines and cosines of its sides at every frequency.
const BOX: usize = 2 * SIDES * FREQUENCIES;

/// What makes tokens of objects, and a gated layer for each of a UNet's blocks.
pub(crate) struct Grounding {
    layers: [Pointwise; 3],
    /// In place of the text and of the box where there is no object.
    no_text: Vec<f32>,
    no_box: Vec<f32>,
    fusers: Vec<Fuser>,
}

/// A [`Grounding`] with the objects of one call.
pub(crate) struct Grounded<'a> {
    grounding: &'a Grounding,
    objects: Map,
}

impl Grounding {
    /// `position_net` and `fuser` of every block of the UNet that it is for.
    ///
    /// # Errors
    /// `invalid_input` for a tensor that is missing or has another shape.
    pub(crate) fn load(weights: &Weights<'_>, blocks: &[Block]) -> Result<Self> {
        let layer = |index: usize| {
            let name = format!("position_net.linears.{index}");
            Pointwise::load(weights, &name, widths(weights, &name)?)
        };
        let (inputs, _) = widths(weights, "position_net.linears.0")?;
        let texts = inputs.saturating_sub(BOX);
        let fuser = |block| Fuser::load(weights, block);
        Ok(Self {
            layers: [layer(0)?, layer(2)?, layer(4)?],
            no_text: weights.values("position_net.null_positive_feature", &[texts])?,
            no_box: weights.values("position_net.null_position_feature", &[BOX])?,
            fusers: blocks.iter().map(fuser).collect::<Result<_>>()?,
        })
    }

    /// The tokens [rows, objects, width] of objects: pooled texts [rows, objects, width], boxes
    /// [rows, objects, 4] as left, top, right, bottom in [0, 1], and [rows, objects] of 1 where
    /// there is an object and 0 where there is none.
    ///
    /// # Errors
    /// `invalid_input` for shapes that do not fit, `cancelled` once `cancel` says so.
    pub(crate) fn objects(
        &self,
        texts: &Tensor,
        boxes: &Tensor,
        masks: &Tensor,
        cancel: Cancel<'_>,
    ) -> Result<Tensor> {
        let width = self.no_text.len();
        check("texts of objects", texts, &[0, 0, width])?;
        let (rows, count) = match texts.extents() {
            &[rows, count, _] => (rows, count),
            _ => (0, 0),
        };
        check("boxes", boxes, &[rows as usize, count as usize, SIDES])?;
        check("masks of objects", masks, &[rows as usize, count as usize])?;
        let (text_values, box_values) = (texts.to_f32()?, boxes.to_f32()?);
        let pairs = text_values.chunks_exact(width).zip(box_values.chunks_exact(SIDES));
        let mut values = Vec::new();
        for ((text, sides), mask) in pairs.zip(masks.to_f32()?) {
            let mix = |value: f32, none: f32| value * mask + (1.0 - mask) * none;
            values.extend(text.iter().zip(&self.no_text).map(|(&value, &none)| mix(value, none)));
            let place = fourier(sides);
            values.extend(place.iter().zip(&self.no_box).map(|(&value, &none)| mix(value, none)));
        }
        let inputs =
            u32::try_from(width + BOX).map_err(|_| Error::invalid("texts are too wide"))?;
        let device = texts.device();
        let values = Tensor::from_f32(device, &[rows, count, inputs], values)?;
        Work::on(device, cancel, |work| {
            let [first, second, third] = &self.layers;
            let x = first.activated(&Map::of_tokens(&values)?, Activation::Silu, work)?;
            let x = second.activated(&x, Activation::Silu, work)?;
            third.apply(&x, None, work)?.into_tokens(device)
        })
    }

    /// The hook for a call with these tokens of objects, which have the call's rows.
    ///
    /// # Errors
    /// `invalid_input` for another shape.
    pub(crate) fn with(&self, objects: &Tensor) -> Result<Grounded<'_>> {
        let [_, _, third] = &self.layers;
        check("tokens of objects", objects, &[0, 0, third.outputs()])?;
        Ok(Grounded { grounding: self, objects: Map::of_tokens(objects)? })
    }
}

impl Hook for Grounded<'_> {
    fn after_own_attention(&self, block: usize, tokens: Map, work: Work<'_>) -> Result<Map> {
        match self.grounding.fusers.get(block) {
            Some(fuser) => fuser.apply(tokens, &self.objects, work),
            None => Ok(tokens),
        }
    }
}

/// Sines, then cosines of all sides, frequency after frequency.
#[allow(clippy::cast_possible_truncation)]
fn fourier(sides: &[f32]) -> Vec<f32> {
    let mut values = Vec::with_capacity(BOX);
    for index in 0..FREQUENCIES {
        let exponent = index as f64 / FREQUENCIES as f64;
        let frequency = libm::exp(libm::log(RATIO) * exponent) as f32;
        values.extend(sides.iter().map(|&side| libm::sinf(frequency * side)));
        values.extend(sides.iter().map(|&side| libm::cosf(frequency * side)));
    }
    values
}

/// The gated layer of one block.
struct Fuser {
    input: Pointwise,
    attention_norm: LayerNorm,
    attention: Projections,
    /// Factors, already through tanh.
    attention_gate: f32,
    feed_norm: LayerNorm,
    feed: FeedForward,
    feed_gate: f32,
}

impl Fuser {
    fn load(weights: &Weights<'_>, block: &Block) -> Result<Self> {
        let part = |part: &str| format!("{}.fuser.{part}", block.name);
        let gate = |name: &str| -> Result<f32> {
            let values = weights.values(&part(name), &[])?;
            Ok(values.first().copied().map_or(0.0, libm::tanhf))
        };
        let input = part("linear");
        Ok(Self {
            input: Pointwise::load(weights, &input, widths(weights, &input)?)?,
            attention_norm: LayerNorm::load(weights, &part("norm1"), block.width)?,
            attention: Projections::load(weights, &part("attn"), block.width, block.heads)?,
            attention_gate: gate("alpha_attn")?,
            feed_norm: LayerNorm::load(weights, &part("norm2"), block.width)?,
            feed: FeedForward::load(weights, &part("ff"), block.width)?,
            feed_gate: gate("alpha_dense")?,
        })
    }

    fn apply(&self, x: Map, objects: &Map, work: Work<'_>) -> Result<Map> {
        let pixels = self.attention_norm.apply(&x, work)?;
        let objects = self.input.apply(objects, None, work)?;
        let all = pixels.followed_by(&self.attention_norm.apply(&objects, work)?)?;
        let queries = self.attention.queries(&pixels, work)?;
        let attended = self.attention.attend(&queries, &all, work)?;
        let fused = self.attention.output.apply(&attended, None, work)?;
        let x = x.plus(&fused, self.attention_gate)?;
        let fed = self.feed.apply(&self.feed_norm.apply(&x, work)?, None, work)?;
        x.plus(&fed, self.feed_gate)
    }
}
