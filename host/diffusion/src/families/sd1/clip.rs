//! CLIP's text tower: tokens to the states that a UNet attends to.

use amdm::error::Error;

use super::{series, widths};
use crate::kernels::{Activation, Attention, LayerNorm, Map, Pointwise, Work};
use crate::weights::{Stored, Weights};
use crate::{Cancel, Device, Result, Tensor};

const EMBEDDINGS: &str = "text_model.embeddings.token_embedding";
const POSITIONS: &str = "text_model.embeddings.position_embedding";
const LAYERS: &str = "text_model.encoder.layers";

/// A text tower; that of Stable Diffusion 1.x has 12 layers and 12 heads.
pub(crate) struct ClipText {
    device: Device,
    /// A row a token of the vocabulary, and a row a position.
    tokens: Stored,
    positions: Stored,
    vocabulary: usize,
    length: usize,
    width: usize,
    layers: Vec<Layer>,
    norm: LayerNorm,
}

/// One place of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    /// An entry of the vocabulary.
    Id(u32),
    /// A row of its own, as wide as the tower.
    Row(&'a [f32]),
}

/// Tokens that the tower sees together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sequence<'a> {
    /// With start, end and padding; at most [`ClipText::length`].
    pub(crate) tokens: Vec<Token<'a>>,
    /// The place whose state stands for the whole text: that of the first end.
    pub(crate) end: usize,
}

/// What the tower says of some sequences.
pub(crate) struct TextStates {
    /// After the layer asked for and the final norm: [sequences, tokens, width].
    pub(crate) hidden: Tensor,
    /// After all layers and the final norm, at the ends: [sequences, width].
    pub(crate) pooled: Tensor,
}

impl ClipText {
    /// `text_model` and so on; `heads` are those of every attention.
    ///
    /// # Errors
    /// `invalid_input` for a tensor that is missing or has another shape.
    pub(crate) fn load(weights: &Weights<'_>, heads: usize) -> Result<Self> {
        let (width, vocabulary) = widths(weights, EMBEDDINGS)?;
        let (_, length) = widths(weights, POSITIONS)?;
        let table =
            |name: &str, entries| weights.stored(&format!("{name}.weight"), &[entries, width]);
        Ok(Self {
            device: weights.device().clone(),
            tokens: table(EMBEDDINGS, vocabulary)?,
            positions: table(POSITIONS, length)?,
            vocabulary,
            length,
            width,
            layers: series(weights, LAYERS, ".layer_norm1", |name, _| {
                Layer::load(weights, name, width, heads)
            })?,
            norm: LayerNorm::load(weights, "text_model.final_layer_norm", width)?,
        })
    }

    /// Values of a state, and of a [`Token::Row`].
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Most tokens of a sequence.
    #[cfg(test)]
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Layers; the states after any of them can be asked for.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The states of `sequences`, which have equally many tokens; hidden states are those after
    /// `layers` layers, which is at most [`ClipText::layers`]. Sequences do not see each other.
    ///
    /// # Errors
    /// `invalid_input` for no or unequal sequences, too many tokens or layers, an unknown token, a
    /// row of another width and an end outside; `cancelled` once `cancel` says so.
    pub(crate) fn states(
        &self,
        sequences: &[Sequence<'_>],
        layers: usize,
        cancel: Cancel<'_>,
    ) -> Result<TextStates> {
        if layers > self.layers.len() {
            let most = self.layers.len();
            let message = format!("found {layers} layers of text, expected at most {most}");
            return Err(Error::invalid(message));
        }
        let embedded = self.embed(sequences)?;
        Work::on(&self.device, cancel, |work| {
            let mut x = Map::of_tokens(&embedded)?;
            let mut asked = (layers == 0).then(|| x.share());
            for (index, layer) in self.layers.iter().enumerate() {
                x = layer.apply(x, work)?;
                if index + 1 == layers && layers < self.layers.len() {
                    asked = Some(x.share());
                }
            }
            let last = self.norm.apply(&x, work)?.into_tokens(&self.device)?;
            let hidden = match asked {
                Some(asked) => self.norm.apply(&asked, work)?.into_tokens(&self.device)?,
                None => last.clone(),
            };
            Ok(TextStates { hidden, pooled: self.pool(&last, sequences)? })
        })
    }

    /// The states at the ends.
    fn pool(&self, last: &Tensor, sequences: &[Sequence<'_>]) -> Result<Tensor> {
        let values = last.to_f32()?;
        let texts = values.chunks_exact(values.len() / sequences.len().max(1));
        let pooled = texts.zip(sequences).flat_map(|(text, sequence)| {
            text.iter().skip(sequence.end * self.width).take(self.width).copied()
        });
        let pooled: Vec<f32> = pooled.collect();
        Tensor::from_f32(&self.device, &[extent(sequences.len()), extent(self.width)], pooled)
    }

    /// Tokens and their positions: [sequences, tokens, width].
    pub(super) fn embed(&self, sequences: &[Sequence<'_>]) -> Result<Tensor> {
        let count = sequences.first().map_or(0, |sequence| sequence.tokens.len());
        if count == 0 || count > self.length {
            let most = self.length;
            let message = format!("found a text of {count} tokens, expected 1 to {most}");
            return Err(Error::invalid(message));
        }
        let mut values = vec![0.0; sequences.len() * count * self.width];
        let mut places = values.chunks_exact_mut(self.width);
        let mut scratch = vec![0.0; self.width];
        for sequence in sequences {
            let (found, end) = (sequence.tokens.len(), sequence.end);
            if found != count || end >= count {
                let message = format!(
                    "found a text of {found} tokens that ends at {end}, expected {count} tokens"
                );
                return Err(Error::invalid(message));
            }
            for ((position, token), place) in sequence.tokens.iter().enumerate().zip(&mut places) {
                place.copy_from_slice(self.token(token, &mut scratch)?);
                let (row, _) = self.positions.block(
                    position..position + 1,
                    0..self.width,
                    self.width,
                    &mut scratch,
                );
                place.iter_mut().zip(row).for_each(|(value, added)| *value += added);
            }
        }
        let shape = [extent(sequences.len()), extent(count), extent(self.width)];
        Tensor::from_f32(&self.device, &shape, values)
    }

    fn token<'a>(&'a self, token: &Token<'a>, scratch: &'a mut [f32]) -> Result<&'a [f32]> {
        match *token {
            Token::Row(row) if row.len() == self.width => Ok(row),
            Token::Row(row) => {
                let (found, expected) = (row.len(), self.width);
                let message = format!("an embedding has {found} values, expected {expected}");
                Err(Error::invalid(message))
            }
            Token::Id(id) if (id as usize) < self.vocabulary => {
                let (id, width) = (id as usize, self.width);
                let (row, _) = self.tokens.block(id..id + 1, 0..width, width, scratch);
                Ok(&row[..width])
            }
            Token::Id(id) => {
                let most = self.vocabulary;
                let message = format!("found the token {id}, expected one below {most}");
                Err(Error::invalid(message))
            }
        }
    }
}

fn extent(extent: usize) -> u32 {
    u32::try_from(extent).unwrap_or(u32::MAX)
}

struct Layer {
    first_norm: LayerNorm,
    projections: [Pointwise; 3],
    attention: Attention,
    output: Pointwise,
    second_norm: LayerNorm,
    inner: Pointwise,
    outer: Pointwise,
}

impl Layer {
    fn load(weights: &Weights<'_>, name: &str, width: usize, heads: usize) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let square = |name: &str| {
            Pointwise::load(weights, &part(&format!("self_attn.{name}")), (width, width))
        };
        let (_, hidden) = widths(weights, &part("mlp.fc1"))?;
        Ok(Self {
            first_norm: LayerNorm::load(weights, &part("layer_norm1"), width)?,
            projections: [square("q_proj")?, square("k_proj")?, square("v_proj")?],
            attention: Attention { heads, channels: width, is_causal: true },
            output: square("out_proj")?,
            second_norm: LayerNorm::load(weights, &part("layer_norm2"), width)?,
            inner: Pointwise::load(weights, &part("mlp.fc1"), (width, hidden))?,
            outer: Pointwise::load(weights, &part("mlp.fc2"), (hidden, width))?,
        })
    }

    fn apply(&self, x: Map, work: Work<'_>) -> Result<Map> {
        let normal = self.first_norm.apply(&x, work)?;
        let [queries, keys, values] = &self.projections;
        let queries = queries.apply(&normal, None, work)?;
        let keys = keys.apply(&normal, None, work)?;
        let values = values.apply(&normal, None, work)?;
        let parts = [queries.part(0), keys.part(0), values.part(0)];
        let attended = self.attention.apply(parts, work)?;
        let x = self.output.apply(&attended, Some(x), work)?;
        let normal = self.second_norm.apply(&x, work)?;
        let hidden = self.inner.activated(&normal, Activation::QuickGelu, work)?;
        self.outer.apply(&hidden, Some(x), work)
    }
}
