//! What flows through a network: feature maps.

use amdm::error::{Code, Error};
use candle_core::Tensor as CandleTensor;

use super::scratch::Buffer;
use crate::error::mixed;
use crate::{Result, error};

/// One row's feature map on the CPU, or those of a batch on another device.
pub(crate) enum Map {
    Host(Plane),
    /// [rows, channels, height, width].
    Composed(CandleTensor),
}

/// [channels, height, width].
pub(crate) struct Plane {
    pub(super) values: Buffer,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Plane {
    /// Values left over from earlier uses, to be written in full.
    pub(super) fn stale(channels: usize, height: usize, width: usize) -> Self {
        let values = Buffer::stale(channels * height * width);
        Self { values, channels, height, width }
    }

    /// Values of one channel.
    pub(super) fn area(&self) -> usize {
        self.height * self.width
    }
}

impl Map {
    /// One row's map from the values of several, channels after channels.
    pub(crate) fn from_parts(parts: &[&[f32]], height: usize, width: usize) -> Self {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let mut plane = Plane::stale(len / (height * width), height, width);
        let mut start = 0;
        for part in parts {
            plane.values[start..start + part.len()].copy_from_slice(part);
            start += part.len();
        }
        Self::Host(plane)
    }

    /// The same values again; a copy on the CPU, which keeps results in place.
    pub(crate) fn share(&self) -> Self {
        match self {
            Self::Host(x) => Self::from_parts(&[&x.values], x.height, x.width),
            Self::Composed(tensor) => Self::Composed(tensor.clone()),
        }
    }

    /// The values of one row, on the CPU.
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

/// A defect of ours: a map that does not fit a layer.
pub(super) fn misfit(layer: &str, found: usize, expected: usize) -> Error {
    let message = format!("{layer} found {found} channels, expected {expected}");
    Error::new(Code::Internal, message)
}
