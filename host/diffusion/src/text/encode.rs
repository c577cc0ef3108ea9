//! What an encoder makes of a prompt: chunk by chunk, weighted against the empty prompt.

use amdm::error::Error;

use super::{CHUNK, Chunk};
use crate::{Cancel, Device, Result, Tensor};

/// A text encoder of one architecture with its weights: what turns chunks into rows.
pub trait TextTower {
    /// Values of a row.
    fn width(&self) -> usize;

    /// How many layers it has.
    fn layers(&self) -> usize;

    /// Where it runs.
    fn device(&self) -> &Device;

    /// Runs every chunk by itself. `layers` says after how many layers, 1 to [`Self::layers`], the
    /// rows are taken; the final norm follows in any case.
    ///
    /// # Errors
    /// What the device fails with, and `cancelled`.
    fn run(&self, chunks: &[&Chunk], layers: usize, cancel: &Cancel) -> Result<Rows>;
}

/// What a tower gives.
pub struct Rows {
    /// Rows after the layers that were asked for and the final norm: chunks x [`CHUNK`] x width.
    pub hidden: Vec<f32>,
    /// The first chunk's row at [`Chunk::first_end`] after all layers and the final norm.
    pub pooled: Vec<f32>,
}

/// A prompt, encoded.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// [1, 77 x chunks, width].
    pub tokens: Tensor,
    /// [1, width]; weights and clip skip do not change it.
    pub pooled: Tensor,
}

/// Encodes `chunks`, of which there is one at least.
///
/// `last_layer` counts from the end as `CLIPSetLastLayer` does: -1, or none, takes the rows after
/// all layers, -2 those one earlier; what lies outside of the tower means all.
///
/// # Errors
/// `invalid_input` without a chunk, and what the tower fails with.
pub fn encode(
    tower: &dyn TextTower,
    chunks: &[Chunk],
    last_layer: Option<i32>,
    cancel: &Cancel,
) -> Result<Encoded> {
    let count = u32::try_from(chunks.len() * CHUNK).unwrap_or(u32::MAX);
    if chunks.is_empty() {
        return Err(Error::invalid("found no chunk of tokens, expected one"));
    }
    let weighted = chunks.iter().flat_map(Chunk::tokens).any(|token| token.weight != 1.0);
    let empty = weighted.then(Chunk::empty);
    let all: Vec<&Chunk> = chunks.iter().chain(&empty).collect();
    let Rows { mut hidden, pooled } = tower.run(&all, depth(tower.layers(), last_layer), cancel)?;
    let width = tower.width();
    if weighted {
        let empty = hidden.split_off(chunks.len() * CHUNK * width);
        let tokens = chunks.iter().flat_map(Chunk::tokens);
        let origins = empty.chunks_exact(width).cycle();
        for ((row, token), origin) in hidden.chunks_exact_mut(width).zip(tokens).zip(origins) {
            if token.weight != 1.0 {
                weigh(row, origin, token.weight as f32);
            }
        }
    }
    let width = u32::try_from(width).unwrap_or(u32::MAX);
    Ok(Encoded {
        tokens: Tensor::from_f32(tower.device(), &[1, count, width], hidden)?,
        pooled: Tensor::from_f32(tower.device(), &[1, width], pooled)?,
    })
}

/// After how many layers the rows are taken.
fn depth(layers: usize, last_layer: Option<i32>) -> usize {
    let back = last_layer.map_or(1, |layer| layer.unsigned_abs() as usize);
    match last_layer {
        Some(layer) if layer >= 0 => layers,
        _ if back > layers => layers,
        _ => layers + 1 - back,
    }
}

/// Moves a row from the empty prompt's at its place, or back to it.
fn weigh(row: &mut [f32], origin: &[f32], weight: f32) {
    for (value, origin) in row.iter_mut().zip(origin) {
        *value = (*value - origin) * weight + origin;
    }
}
