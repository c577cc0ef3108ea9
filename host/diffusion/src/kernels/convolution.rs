//! Convolutions of 3x3 taps, stride 1 and 2, with a margin of zeros.
//!
//! On the CPU a convolution is the product of the weights and the patches' columns: a tile of the
//! result is some of the outputs at some rows of pixels, and the columns of a block of channels at
//! a time exist. The result starts as the bias, or as bias and residual.

use super::columns::{Patches, TAPS};
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, Tile, multiply, tiles_together};
use super::pointwise::{piece, start};
use super::scratch::Buffer;
use super::work::Work;
use crate::Result;
use crate::error::mixed;
use crate::weights::{Parameter, Stored, Weights};

/// Most outputs of a tile, and about as many pixels.
const TILE_OUTPUTS: usize = 320;
const TILE_PIXELS: usize = 512;
/// Channels whose columns exist at a time, in maps of more than the other number of channels: their
/// columns and weights stay in the second-level cache.
const BLOCK: usize = 64;
const WHOLE: usize = 128;

/// A convolution with its weights.
pub(crate) struct Convolution {
    weight: Parameter,
    bias: Parameter,
    inputs: usize,
    outputs: usize,
    stride: usize,
    /// Zeros above and left of the map: 1, or 0 where they lie below and right of it alone.
    margin: usize,
}

/// What a result is, besides the convolution.
enum Plus<'a> {
    Nothing,
    Map(Map),
    /// A value a channel.
    Channels(&'a Map),
}

impl Convolution {
    /// `name.weight` [outputs, inputs, 3, 3] and `name.bias`, with a margin of one zero around the
    /// map: stride 2 halves its sides, rounding up.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
        stride: usize,
    ) -> Result<Self> {
        let shape = [outputs, inputs, TAPS, TAPS];
        let weight = weights.parameter(&format!("{name}.weight"), &shape)?;
        let bias = weights.parameter(&format!("{name}.bias"), &[outputs])?;
        Ok(Self { weight, bias, inputs, outputs, stride, margin: 1 })
    }

    /// The same with stride 2 and zeros only below and right of the map, whose sides it halves,
    /// rounding down.
    pub(crate) fn load_lower_right(
        weights: &Weights<'_>,
        name: &str,
        widths: (usize, usize),
    ) -> Result<Self> {
        Ok(Self { margin: 0, ..Self::load(weights, name, widths, 2)? })
    }

    /// The convolution of `x`, plus `residual` where given.
    pub(crate) fn apply(&self, x: &Map, residual: Option<Map>, work: Work<'_>) -> Result<Map> {
        self.run(x, residual.map_or(Plus::Nothing, Plus::Map), work)
    }

    /// The convolution of `x`, plus a value a channel: `shift` has one pixel, and as many rows as
    /// `x` or one for all.
    pub(crate) fn shifted(&self, x: &Map, shift: &Map, work: Work<'_>) -> Result<Map> {
        self.run(x, Plus::Channels(shift), work)
    }

    fn run(&self, x: &Map, plus: Plus<'_>, work: Work<'_>) -> Result<Map> {
        match (x, &self.weight, &self.bias) {
            (Map::Host(x), Parameter::Host(weight), Parameter::Host(bias)) => {
                self.on_host(x, weight, bias.values()?, plus, work).map(Map::Host)
            }
            (Map::Composed(x), Parameter::Composed(weight), Parameter::Composed(bias)) => {
                work.go_on()?;
                let run = || {
                    let bias = bias.reshape((1, self.outputs, 1, 1))?;
                    let out = if self.margin == 0 {
                        let padded = x.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
                        padded.conv2d(weight, 0, self.stride, 1, 1)?
                    } else {
                        x.conv2d(weight, 1, self.stride, 1, 1)?
                    };
                    let out = out.broadcast_add(&bias)?;
                    match &plus {
                        Plus::Map(Map::Composed(residual)) => out + residual,
                        Plus::Channels(Map::Composed(shift)) => out.broadcast_add(shift),
                        _ => Ok(out),
                    }
                };
                Map::composed(run())
            }
            _ => Err(mixed()),
        }
    }

    fn on_host(
        &self,
        x: &Plane,
        weight: &Stored,
        bias: &[f32],
        plus: Plus<'_>,
        work: Work<'_>,
    ) -> Result<Plane> {
        if x.channels != self.inputs {
            return Err(misfit("a convolution", x.channels, self.inputs));
        }
        let side = |side: usize| {
            (side + 2 * self.margin + usize::from(self.margin == 0)).saturating_sub(TAPS)
                / self.stride
                + 1
        };
        let shape = [x.rows, self.outputs, side(x.height), side(x.width)];
        let shift = match &plus {
            Plus::Channels(shift) => Some(self.shift(shift, x.rows)?),
            _ => None,
        };
        let (mut out, is_begun) = match plus {
            Plus::Map(residual) => (residual.into_result(shape)?, true),
            Plus::Nothing | Plus::Channels(_) => (Plane::stale(shape), false),
        };
        let (height, width) = (out.height, out.width);
        let rows = (TILE_PIXELS / width).clamp(1, height);
        let tile = [piece(self.outputs, TILE_OUTPUTS), rows * width];
        let together = (TILE_PIXELS / (height * width)).max(1);
        let extents = [self.outputs, height * width];
        tiles_together(work, &mut out.values, extents, tile, together, |tiles| {
            for tile in &mut *tiles {
                start(&mut tile.pane, &bias[tile.row..], is_begun);
                if let Some(shift) = shift {
                    let row = if shift.rows == 1 { 0 } else { tile.part };
                    start(&mut tile.pane, &shift.row(row)[tile.row..], true);
                }
            }
            self.add(x, weight, tiles, width)
        })?;
        Ok(out)
    }

    /// What is added to the channels of `rows` rows.
    fn shift<'a>(&self, shift: &'a Map, rows: usize) -> Result<&'a Plane> {
        let Map::Host(shift) = shift else { return Err(mixed()) };
        if shift.channels != self.outputs || shift.area() != 1 {
            return Err(misfit("a shift", shift.channels, self.outputs));
        }
        if shift.rows != 1 && shift.rows != rows {
            return Err(misfit("a shift of rows", shift.rows, rows));
        }
        Ok(shift)
    }

    /// Adds the product to tiles at one place of a result that is `width` wide.
    fn add(&self, x: &Plane, weight: &Stored, tiles: &mut [Tile<'_>], width: usize) -> Result<()> {
        let Some(Tile { pane, row, column, .. }) = tiles.first() else { return Ok(()) };
        let pixels = pane.columns();
        let patches = Patches {
            stride: self.stride,
            margin: self.margin,
            first: column / width,
            rows: pixels / width,
            width,
        };
        let outputs = *row..row + pane.rows();
        let taps = TAPS * TAPS;
        let block = if self.inputs <= WHOLE { self.inputs } else { BLOCK };
        let len = if weight.is_in_place() { 0 } else { outputs.len() * block * taps };
        let mut columns = Buffer::stale(block * taps * pixels);
        let mut scratch = Buffer::stale(len);
        for first in (0..self.inputs).step_by(block) {
            let channels = first..(first + block).min(self.inputs);
            let depth = channels.len() * taps;
            let columns = &mut columns[..depth * pixels];
            let range = first * taps..first * taps + depth;
            let (weight, step) =
                weight.block(outputs.clone(), range, self.inputs * taps, &mut scratch);
            for tile in &mut *tiles {
                patches.columns(x, tile.part, channels.clone(), columns);
                multiply(
                    &mut tile.pane,
                    (weight, Layout::rows(outputs.len(), depth).spaced(step)),
                    (columns, Layout::rows(depth, pixels)),
                    1.0,
                    true,
                )?;
            }
        }
        Ok(())
    }
}
