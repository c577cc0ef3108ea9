//! What CLIP's text tower makes of a prompt: chunk by chunk, weighted against the empty prompt.

use amdm::error::Error;
use amdm::math::Tensor as _;

use super::{Chunk, Word};
use crate::families::{ClipText, Sequence, TextStates, Token};
use crate::{Cancel, Result, Tensor};

/// Chunks that the tower takes at once: more fill the cores no better and take more memory.
const AT_ONCE: usize = 8;

/// A prompt, encoded.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// [1, 77 x chunks, width].
    pub tokens: Tensor,
    /// [1, width]: the row at the first end of the first chunk, after all layers and the final
    /// norm. Weights and `last_layer` do not change it.
    pub pooled: Tensor,
}

/// Encodes `chunks`, each by itself.
///
/// `last_layer` counts from the end as `CLIPSetLastLayer` does: -1, or none, takes the states after
/// all layers, -2 those after all but one; what lies outside of the tower means all. The final norm
/// follows in any case. A weight moves a token's state away from that of the empty prompt at its
/// place, or towards it.
///
/// # Errors
/// `invalid_input` without a chunk, and what the tower fails with.
pub(crate) fn encode(
    tower: &ClipText,
    chunks: &[Chunk],
    last_layer: Option<i32>,
    cancel: Cancel<'_>,
) -> Result<Encoded> {
    let layers = depth(tower.layers(), last_layer);
    let empty = Chunk::empty();
    let mut tokens = Vec::new();
    let mut pooled = None;
    let mut origin = None;
    for some in chunks.chunks(AT_ONCE) {
        let sequences: Vec<_> = some.iter().map(sequence).collect();
        let states = tower.states(&sequences, layers, cancel)?;
        if pooled.is_none() {
            pooled = Some(states.pooled.narrow(0, 0, 1)?);
        }
        if origin.is_none() && some.iter().any(is_weighted) {
            let TextStates { hidden, .. } = tower.states(&[sequence(&empty)], layers, cancel)?;
            origin = Some(hidden.to_f32()?);
        }
        tokens.push(match &origin {
            Some(origin) => weighted(&states.hidden, some, origin, tower.width())?,
            None => states.hidden,
        });
    }
    let Some(pooled) = pooled else {
        return Err(Error::invalid("found no chunk of tokens, expected one"));
    };
    let tokens = Tensor::concat(&tokens.iter().collect::<Vec<_>>(), 0)?;
    let length = tokens.extents().iter().take(2).product();
    let width = tokens.extents().last().copied().unwrap_or(0);
    let tokens = tokens.reshape(&[1, length, width])?;
    Ok(Encoded { tokens, pooled })
}

/// After how many layers the states are taken.
fn depth(layers: usize, last_layer: Option<i32>) -> usize {
    let Some(last) = last_layer.filter(|last| *last < 0) else { return layers };
    let left_out = last.unsigned_abs() as usize - 1;
    if left_out < layers { layers - left_out } else { layers }
}

fn sequence(chunk: &Chunk) -> Sequence<'_> {
    let tokens = chunk.tokens().iter().map(|token| match &token.word {
        Word::Id(id) => Token::Id(*id),
        Word::Row { embedding, row } => Token::Row(embedding.row(*row).unwrap_or_default()),
    });
    Sequence { tokens: tokens.collect(), end: chunk.first_end() }
}

fn is_weighted(chunk: &Chunk) -> bool {
    chunk.tokens().iter().any(|token| token.weight != 1.0)
}

/// The states of `chunks`, those of tokens with a weight moved from `origin`.
fn weighted(hidden: &Tensor, chunks: &[Chunk], origin: &[f32], width: usize) -> Result<Tensor> {
    let mut values = hidden.to_f32()?;
    let places = chunks.iter().flat_map(Chunk::tokens).zip(origin.chunks_exact(width).cycle());
    for (state, (token, origin)) in values.chunks_exact_mut(width).zip(places) {
        if token.weight != 1.0 {
            for (value, origin) in state.iter_mut().zip(origin) {
                *value = (*value - origin) * token.weight as f32 + origin;
            }
        }
    }
    Tensor::from_f32(hidden.device(), hidden.extents(), values)
}

#[cfg(test)]
mod tests;
