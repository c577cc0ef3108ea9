//! What flows through a network: feature maps, and sequences of tokens as maps of one row of pixels.
//!
//! Channels come first in both: a linear layer on tokens and a 1x1 convolution are one operation,
//! and a map becomes tokens and tokens a map without moving a value.

use amdm::error::{Code, Error};
use candle_core::Tensor as CandleTensor;

use super::scratch::Buffer;
use crate::error::mixed;
use crate::{Device, Result, Tensor, error};

/// Feature maps of one or several rows of a batch, on the CPU or on another device.
pub(crate) enum Map {
    Host(Plane),
    /// [rows, channels, height, width].
    Composed(CandleTensor),
}

/// [rows, channels, height, width].
pub(crate) struct Plane {
    pub(super) values: Buffer,
    pub(super) rows: usize,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Plane {
    /// Values left over from earlier uses, to be written in full.
    pub(super) fn stale([rows, channels, height, width]: [usize; 4]) -> Self {
        let values = Buffer::stale(rows * channels * height * width);
        Self { values, rows, channels, height, width }
    }

    /// Of the same extents but for the channels.
    pub(super) fn stale_like(&self, channels: usize) -> Self {
        Self::stale([self.rows, channels, self.height, self.width])
    }

    /// Values of one channel.
    pub(super) fn area(&self) -> usize {
        self.height * self.width
    }

    /// The values of row `index`.
    pub(super) fn row(&self, index: usize) -> &[f32] {
        let len = self.channels * self.area();
        &self.values[index * len..(index + 1) * len]
    }
}

impl Map {
    /// One row's map from the values of several, channels after channels.
    pub(crate) fn from_parts(parts: &[&[f32]], height: usize, width: usize) -> Self {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let mut plane = Plane::stale([1, len / (height * width), height, width]);
        let mut start = 0;
        for part in parts {
            plane.values[start..start + part.len()].copy_from_slice(part);
            start += part.len();
        }
        Self::Host(plane)
    }

    /// The maps of a tensor [rows, channels, height, width].
    pub(crate) fn of(tensor: &Tensor) -> Result<Self> {
        let extents = match tensor.extents() {
            &[rows, channels, height, width] => [rows, channels, height, width],
            found => return Err(shape(found, "[rows, channels, height, width]")),
        };
        if let Some(tensor) = tensor.candle() {
            return Ok(Self::Composed(tensor.clone()));
        }
        let mut plane = Plane::stale(extents.map(|extent| extent as usize));
        plane.values.copy_from_slice(tensor.values());
        Ok(Self::Host(plane))
    }

    /// The tokens of a tensor [rows, tokens, channels].
    pub(crate) fn of_tokens(tensor: &Tensor) -> Result<Self> {
        let [rows, tokens, channels] = match tensor.extents() {
            &[rows, tokens, channels] => [rows as usize, tokens as usize, channels as usize],
            found => return Err(shape(found, "[rows, tokens, width]")),
        };
        if let Some(tensor) = tensor.candle() {
            let turn = || tensor.transpose(1, 2)?.contiguous()?.unsqueeze(2);
            return Self::composed(turn());
        }
        let mut plane = Plane::stale([rows, channels, 1, tokens]);
        transpose(tensor.values(), &mut plane.values, tokens, channels);
        Ok(Self::Host(plane))
    }

    /// [rows, channels, height, width].
    pub(crate) fn into_tensor(self, device: &Device) -> Result<Tensor> {
        match self {
            Self::Host(plane) => {
                let extents = [plane.rows, plane.channels, plane.height, plane.width];
                Ok(Tensor::host(device, &narrow(&extents)?, plane.values.to_vec()))
            }
            Self::Composed(tensor) => Tensor::composed(device, tensor),
        }
    }

    /// [rows, tokens, channels]; a map's pixels are its tokens, row after row.
    pub(crate) fn into_tokens(self, device: &Device) -> Result<Tensor> {
        match self {
            Self::Host(plane) => {
                let (tokens, channels) = (plane.area(), plane.channels);
                let mut values = vec![0.0; plane.values.len()];
                transpose(&plane.values, &mut values, channels, tokens);
                Ok(Tensor::host(device, &narrow(&[plane.rows, tokens, channels])?, values))
            }
            Self::Composed(tensor) => {
                let turn = || tensor.flatten_from(2)?.transpose(1, 2)?.contiguous();
                Tensor::composed(device, turn().map_err(error::from_candle)?)
            }
        }
    }

    /// Rows, channels, height and width.
    pub(crate) fn extents(&self) -> Result<[usize; 4]> {
        match self {
            Self::Host(x) => Ok([x.rows, x.channels, x.height, x.width]),
            Self::Composed(x) => {
                let (rows, channels, height, width) = x.dims4().map_err(error::from_candle)?;
                Ok([rows, channels, height, width])
            }
        }
    }

    /// The same values again; a copy on the CPU, which keeps results in place.
    pub(crate) fn share(&self) -> Self {
        match self {
            Self::Host(x) => {
                let mut copy = x.stale_like(x.channels);
                copy.values.copy_from_slice(&x.values);
                Self::Host(copy)
            }
            Self::Composed(tensor) => Self::Composed(tensor.clone()),
        }
    }

    /// The map as what a layer adds its result to, which has these extents.
    pub(super) fn into_result(self, extents: [usize; 4]) -> Result<Plane> {
        match self {
            Self::Host(x) if [x.rows, x.channels, x.height, x.width] == extents => Ok(x),
            Self::Host(x) => Err(misfit("a residual", x.channels, extents[1])),
            Self::Composed(_) => Err(mixed()),
        }
    }

    /// The values, on the CPU.
    pub(crate) fn values(&self) -> Result<&[f32]> {
        match self {
            Self::Host(plane) => Ok(&plane.values),
            Self::Composed(_) => Err(mixed()),
        }
    }

    /// candle's tensor, on other devices.
    pub(crate) fn into_candle(self) -> Result<CandleTensor> {
        match self {
            Self::Host(_) => Err(mixed()),
            Self::Composed(tensor) => Ok(tensor),
        }
    }

    pub(super) fn composed(tensor: candle_core::Result<CandleTensor>) -> Result<Self> {
        tensor.map(Self::Composed).map_err(error::from_candle)
    }
}

/// Exchanges rows and columns of matrices that lie one after the other.
fn transpose(from: &[f32], to: &mut [f32], rows: usize, columns: usize) {
    let size = (rows * columns).max(1);
    for (from, to) in from.chunks_exact(size).zip(to.chunks_exact_mut(size)) {
        for (column, to) in to.chunks_exact_mut(rows.max(1)).enumerate() {
            let picked = from.iter().skip(column).step_by(columns);
            to.iter_mut().zip(picked).for_each(|(to, &from)| *to = from);
        }
    }
}

fn narrow(extents: &[usize]) -> Result<Vec<u32>> {
    let extents: std::result::Result<_, _> =
        extents.iter().map(|&extent| u32::try_from(extent)).collect();
    extents.map_err(|_| Error::new(Code::LimitExceeded, "an extent does not fit 32 bits"))
}

fn shape(found: &[u32], expected: &str) -> Error {
    Error::invalid(format!("a network found a tensor of shape {found:?}, expected {expected}"))
}

/// A defect of ours: a map that does not fit a layer.
pub(super) fn misfit(layer: &str, found: usize, expected: usize) -> Error {
    let message = format!("{layer} found {found} channels, expected {expected}");
    Error::new(Code::Internal, message)
}
