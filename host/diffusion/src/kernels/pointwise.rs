//! Linear layers over the channels of every pixel or token: 1x1 convolutions are the same.
//!
//! On the CPU a tile of the result is some of the outputs at some of the pixels. Weights that are
//! stored in 16 bits are expanded block by block, next to their use.

use candle_core::Tensor as CandleTensor;

use super::activation::{Activation, gate};
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, Pane, Tile, multiply, tiles};
use super::scratch::Buffer;
use super::work::Work;
use crate::Result;
use crate::error::{self, mixed};
use crate::weights::{Parameter, Stored, Weights};

/// Most outputs and pixels of a tile, and most inputs of one product: a block of weights and one of
/// inputs stay in the second-level cache together.
const TILE_OUTPUTS: usize = 320;
const TILE_PIXELS: usize = 1024;
const DEPTH: usize = 1152;
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
            layer.each_tile(&mut out, work, |tile| {
                let (rows, columns) = (tile.pane.rows(), tile.pane.columns());
                let mut gates = Buffer::stale(rows * columns);
                let mut pane = Pane::new(&mut gates, rows, columns)?;
                layer.start(half + tile.row, &mut pane, false);
                layer.add(half + tile.row, &mut pane, tile.part, tile.column)?;
                layer.start(tile.row, &mut tile.pane, false);
                layer.add(tile.row, &mut tile.pane, tile.part, tile.column)?;
                let gates = gates.chunks_exact(columns);
                tile.pane.each_row().zip(gates).for_each(|(values, gates)| gate(values, gates));
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
            layer.each_tile(&mut out, work, |tile| {
                layer.start(tile.row, &mut tile.pane, is_begun);
                layer.add(tile.row, &mut tile.pane, tile.part, tile.column)?;
                if let Some(activation) = activation {
                    tile.pane.each_row().for_each(|values| activation.apply(values));
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
        write: impl Fn(&mut Tile<'_>) -> Result<()> + Sync,
    ) -> Result<()> {
        let extents = [out.channels, out.area()];
        let tile = [piece(out.channels, TILE_OUTPUTS), TILE_PIXELS];
        tiles(work, &mut out.values, extents, tile, |mut tile| write(&mut tile))
    }

    /// Writes the bias of the outputs from `first` on, or adds it where the result is begun.
    fn start(&self, first: usize, pane: &mut Pane<'_>, is_begun: bool) {
        match self.bias {
            None if is_begun => {}
            None => pane.each_row().for_each(|values| values.fill(0.0)),
            Some(bias) => start(pane, &bias[first..], is_begun),
        }
    }

    /// Adds the product for the outputs from `first` on at the pixels of row `part` from `column`.
    fn add(&self, first: usize, pane: &mut Pane<'_>, part: usize, column: usize) -> Result<()> {
        let (inputs, area) = (self.x.channels, self.x.area());
        let rows = first..first + pane.rows();
        let depth = inputs.min(DEPTH);
        let len = if self.weight.is_in_place() { 0 } else { rows.len() * depth };
        let mut scratch = Buffer::stale(len);
        let x = self.x.row(part);
        for start in (0..inputs).step_by(depth) {
            let depth = depth.min(inputs - start);
            let columns = start..start + depth;
            let (weight, step) = self.weight.block(rows.clone(), columns, inputs, &mut scratch);
            multiply(
                pane,
                (weight, Layout::rows(rows.len(), depth).spaced(step)),
                (&x[start * area + column..], Layout::rows(depth, pane.columns()).spaced(area)),
                1.0,
                true,
            )?;
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
