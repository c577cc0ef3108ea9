//! Linear layers over the channels of every pixel or token: 1x1 convolutions are the same.
//!
//! On the CPU a tile of the result is some of the outputs at some of the pixels. Weights that are
//! stored in 16 bits are expanded block by block, next to their use.

use candle_core::Tensor as CandleTensor;

use super::activation::{Activation, gate};
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, Pane, Tile, multiply, tiles_together};
use super::scratch::Buffer;
use super::work::Work;
use crate::Result;
use crate::error::{self, mixed};
use crate::weights::{Parameter, Stored, Weights};

/// Most outputs and pixels of a tile, and most inputs of one product: a block of weights and one of
/// inputs stay in the second-level cache together.
const TILE_OUTPUTS: usize = 320;
const TILE_PIXELS: usize = 1024;
const DEPTH: usize = 640;
/// Values of the widest vectors.
const VECTOR: usize = 16;

/// A linear layer with its weights.
pub(crate) struct Pointwise {
    weight: Parameter,
    bias: Option<Parameter>,
    inputs: usize,
    outputs: usize,
}

impl Pointwise {
    /// `name.weight` [outputs, inputs] and `name.bias`.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
    ) -> Result<Self> {
        let bias = weights.parameter(&format!("{name}.bias"), &[outputs])?;
        let layer = Self::without_bias(weights, name, (inputs, outputs))?;
        Ok(Self { bias: Some(bias), ..layer })
    }

    /// `name.weight` [outputs, inputs].
    pub(crate) fn without_bias(
        weights: &Weights<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
    ) -> Result<Self> {
        let weight = weights.parameter(&format!("{name}.weight"), &[outputs, inputs])?;
        Ok(Self { weight, bias: None, inputs, outputs })
    }

    /// Channels of the result.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The layer's outputs for `x`, plus `residual` where given.
    pub(crate) fn apply(&self, x: &Map, residual: Option<Map>, work: Work<'_>) -> Result<Map> {
        self.run(x, residual, None, work)
    }

    /// The layer's outputs for `x`, through a function.
    pub(crate) fn activated(&self, x: &Map, activation: Activation, work: Work<'_>) -> Result<Map> {
        self.run(x, None, Some(activation), work)
    }

    /// The first half of the layer's outputs for `x`, times the GELU of the second half (GEGLU,
    /// Shazeer, 2002.05202).
    pub(crate) fn gated(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        let half = self.outputs / 2;
        if let Map::Host(x) = x {
            let layer = self.on_host(x)?;
            let mut out = x.stale_like(half);
            layer.each_tile(&mut out, work, |tiles| {
                let Some(Tile { pane, row, .. }) = tiles.first() else { return Ok(()) };
                let (rows, columns, row) = (pane.rows(), pane.columns(), *row);
                let mut gates = Buffer::stale(rows * columns * tiles.len());
                let mut gate_tiles = tiles
                    .iter()
                    .zip(gates.chunks_exact_mut(rows * columns))
                    .map(|(tile, gates)| {
                        let pane = Pane::new(gates, rows, columns)?;
                        Ok(Tile { pane, row: half + row, ..*tile })
                    })
                    .collect::<Result<Vec<_>>>()?;
                layer.add(&mut gate_tiles, false)?;
                layer.add(tiles, false)?;
                for (tile, gates) in tiles.iter_mut().zip(gates.chunks_exact(rows * columns)) {
                    let rows = tile.pane.each_row().zip(gates.chunks_exact(columns));
                    rows.for_each(|(values, gates)| gate(values, gates));
                }
                Ok(())
            })?;
            return Ok(Map::Host(out));
        }
        work.go_on()?;
        let out = self.composed(x)?;
        let run = || {
            let gates = out.narrow(1, half, half)?.contiguous()?;
            out.narrow(1, 0, half)? * Activation::Gelu.composed(&gates)?
        };
        Map::composed(run())
    }

    fn run(
        &self,
        x: &Map,
        residual: Option<Map>,
        activation: Option<Activation>,
        work: Work<'_>,
    ) -> Result<Map> {
        if let Map::Host(x) = x {
            let layer = self.on_host(x)?;
            let is_begun = residual.is_some();
            let mut out = match residual {
                None => x.stale_like(self.outputs),
                Some(residual) => {
                    residual.into_result([x.rows, self.outputs, x.height, x.width])?
                }
            };
            layer.each_tile(&mut out, work, |tiles| {
                layer.add(tiles, is_begun)?;
                if let Some(activation) = activation {
                    let rows = tiles.iter_mut().flat_map(|tile| tile.pane.each_row());
                    rows.for_each(|values| activation.apply(values));
                }
                Ok(())
            })?;
            return Ok(Map::Host(out));
        }
        work.go_on()?;
        let out = self.composed(x)?;
        let run = || match (&residual, activation) {
            (Some(Map::Composed(residual)), _) => out + residual,
            (_, Some(activation)) => activation.composed(&out),
            _ => Ok(out),
        };
        Map::composed(run())
    }

    fn on_host<'a>(&'a self, x: &'a Plane) -> Result<OnHost<'a>> {
        if x.channels != self.inputs {
            return Err(misfit("a linear layer", x.channels, self.inputs));
        }
        let Parameter::Host(weight) = &self.weight else { return Err(mixed()) };
        let bias = match &self.bias {
            None => None,
            Some(Parameter::Host(bias)) => Some(bias.values()?),
            Some(Parameter::Composed(_)) => return Err(mixed()),
        };
        Ok(OnHost { weight, bias, x })
    }

    fn composed(&self, x: &Map) -> Result<CandleTensor> {
        let (Map::Composed(x), Parameter::Composed(weight)) = (x, &self.weight) else {
            return Err(mixed());
        };
        let run = || {
            let (rows, channels, height, width) = x.dims4()?;
            let x = x.reshape((rows, channels, height * width))?;
            let out = weight.broadcast_left(rows)?.contiguous()?.matmul(&x)?;
            let out = match &self.bias {
                Some(Parameter::Composed(bias)) => out.broadcast_add(&bias.unsqueeze(1)?)?,
                _ => out,
            };
            out.reshape((rows, self.outputs, height, width))
        };
        run().map_err(error::from_candle)
    }
}

/// A layer and what it is applied to, on the CPU.
struct OnHost<'a> {
    weight: &'a Stored,
    bias: Option<&'a [f32]>,
    x: &'a Plane,
}

impl OnHost<'_> {
    fn each_tile(
        &self,
        out: &mut Plane,
        work: Work<'_>,
        write: impl Fn(&mut [Tile<'_>]) -> Result<()> + Sync,
    ) -> Result<()> {
        let extents = [out.channels, out.area()];
        let tile = [piece(out.channels, TILE_OUTPUTS), TILE_PIXELS];
        let together = (TILE_PIXELS / out.area().max(1)).max(1);
        tiles_together(work, &mut out.values, extents, tile, together, write)
    }

    /// The layer's outputs in tiles at one place, which may be begun.
    fn add(&self, tiles: &mut [Tile<'_>], is_begun: bool) -> Result<()> {
        for tile in &mut *tiles {
            match self.bias {
                None if is_begun => {}
                None => tile.pane.each_row().for_each(|values| values.fill(0.0)),
                Some(bias) => start(&mut tile.pane, &bias[tile.row..], is_begun),
            }
        }
        let Some(Tile { pane, row, .. }) = tiles.first() else { return Ok(()) };
        let (inputs, area) = (self.x.channels, self.x.area());
        let rows = *row..row + pane.rows();
        let depth = inputs.min(DEPTH);
        let len = if self.weight.is_in_place() { 0 } else { rows.len() * depth };
        let mut scratch = Buffer::stale(len);
        for start in (0..inputs).step_by(depth) {
            let depth = depth.min(inputs - start);
            let columns = start..start + depth;
            let (weight, step) = self.weight.block(rows.clone(), columns, inputs, &mut scratch);
            for tile in &mut *tiles {
                let x = &self.x.row(tile.part)[start * area + tile.column..];
                let pixels = tile.pane.columns();
                multiply(
                    &mut tile.pane,
                    (weight, Layout::rows(rows.len(), depth).spaced(step)),
                    (x, Layout::rows(depth, pixels).spaced(area)),
                    1.0,
                    true,
                )?;
            }
        }
        Ok(())
    }
}

/// Writes `bias` to the rows of `pane`, or adds it where they are begun.
pub(super) fn start(pane: &mut Pane<'_>, bias: &[f32], is_begun: bool) {
    for (values, &bias) in pane.each_row().zip(bias) {
        if is_begun {
            values.iter_mut().for_each(|value| *value += bias);
        } else {
            values.fill(bias);
        }
    }
}

/// The size of about equal pieces of `count`, at most about `most` each.
pub(super) fn piece(count: usize, most: usize) -> usize {
    let pieces = count.div_ceil(most).max(1);
    count.div_ceil(pieces).next_multiple_of(VECTOR).min(count).max(1)
}
