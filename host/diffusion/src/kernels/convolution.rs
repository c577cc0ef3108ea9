//! Convolutions of 1x1 and 3x3 taps, stride 1 and 2, with a margin of zeros.
//!
//! On the CPU a 3x3 convolution is the product of the weights and the patches' columns, tile by
//! tile of output rows, written straight into the result, which starts as the bias or as bias and
//! residual. A 1x1 convolution is one product.

use super::columns::Padded;
use super::map::{Map, Plane, misfit};
use super::matrix::{Layout, multiply};
use super::scratch::Buffer;
use crate::Result;
use crate::error::mixed;
use crate::weights::{Parameter, Weights};

/// Output pixels of a tile: its columns stay in the second-level cache for narrow maps.
const TILE_PIXELS: usize = 1024;

/// A convolution with its weights.
pub(crate) struct Convolution {
    weight: Parameter,
    bias: Parameter,
    inputs: usize,
    outputs: usize,
    taps: usize,
    stride: usize,
}

impl Convolution {
    /// `name.weight` [outputs, inputs, taps, taps] and `name.bias`.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
        taps: usize,
        stride: usize,
    ) -> Result<Self> {
        let shape = [outputs, inputs, taps, taps];
        let weight = weights.parameter(&format!("{name}.weight"), &shape)?;
        let bias = weights.parameter(&format!("{name}.bias"), &[outputs])?;
        Ok(Self { weight, bias, inputs, outputs, taps, stride })
    }

    /// The convolution of `x`, plus `residual` where given.
    pub(crate) fn apply(&self, x: &Map, residual: Option<Map>) -> Result<Map> {
        match (x, &self.weight, &self.bias) {
            (Map::Host(x), Parameter::Host(weight), Parameter::Host(bias)) => {
                let mut out = self.start(x, residual)?;
                for (channel, bias) in
                    out.values.chunks_exact_mut(x.out_area(self.stride)).zip(bias)
                {
                    channel.iter_mut().for_each(|value| *value += bias);
                }
                if self.taps == 1 {
                    self.pointwise(x, weight, &mut out)?;
                } else {
                    self.tiled(x, weight, &mut out)?;
                }
                Ok(Map::Host(out))
            }
            (Map::Composed(x), Parameter::Composed(weight), Parameter::Composed(bias)) => {
                let run = || {
                    let bias = bias.reshape((1, self.outputs, 1, 1))?;
                    let out = x.conv2d(weight, self.taps / 2, self.stride, 1, 1)?;
                    let out = out.broadcast_add(&bias)?;
                    match &residual {
                        Some(Map::Composed(residual)) => out + residual,
                        _ => Ok(out),
                    }
                };
                Map::composed(run())
            }
            _ => Err(mixed()),
        }
    }

    /// The result before bias and product: the residual, or zeros.
    fn start(&self, x: &Plane, residual: Option<Map>) -> Result<Plane> {
        if x.channels != self.inputs {
            return Err(misfit("a convolution", x.channels, self.inputs));
        }
        let (height, width) = (x.height.div_ceil(self.stride), x.width.div_ceil(self.stride));
        match residual {
            Some(Map::Host(plane)) if plane.values.len() == self.outputs * height * width => {
                Ok(plane)
            }
            Some(Map::Host(plane)) => Err(misfit("a residual", plane.channels, self.outputs)),
            Some(Map::Composed(_)) => Err(mixed()),
            None => {
                let values = Buffer::zeroed(self.outputs * height * width);
                Ok(Plane { values, channels: self.outputs, height, width })
            }
        }
    }

    fn pointwise(&self, x: &Plane, weight: &[f32], out: &mut Plane) -> Result<()> {
        let area = x.area();
        multiply(
            (&mut out.values, Layout::rows(self.outputs, area)),
            (weight, Layout::rows(self.outputs, self.inputs)),
            (&x.values, Layout::rows(self.inputs, area)),
            1.0,
            true,
        )
    }

    fn tiled(&self, x: &Plane, weight: &[f32], out: &mut Plane) -> Result<()> {
        let depth = self.inputs * self.taps * self.taps;
        let padded = Padded::new(x);
        let rows = (TILE_PIXELS / out.width).clamp(1, out.height);
        let mut columns = Buffer::stale(depth * rows * out.width);
        let (area, width) = (out.area(), out.width);
        for first in (0..out.height).step_by(rows) {
            let rows = rows.min(out.height - first);
            let tile = rows * width;
            let columns = &mut columns[..depth * tile];
            padded.columns(self.stride, first, rows, width, columns);
            multiply(
                (&mut out.values[first * width..], Layout::rows(self.outputs, tile).spaced(area)),
                (weight, Layout::rows(self.outputs, depth)),
                (columns, Layout::rows(depth, tile)),
                1.0,
                true,
            )?;
        }
        Ok(())
    }
}

impl Plane {
    /// Pixels of a channel after a convolution of `stride`.
    fn out_area(&self, stride: usize) -> usize {
        self.height.div_ceil(stride) * self.width.div_ceil(stride)
    }
}
