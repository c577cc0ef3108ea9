//! Axes turned round, exchanged and summed.

use super::{Tensor, composed, errors};
use crate::Result;

impl Tensor {
    /// The entries of `axis` in the opposite order.
    ///
    /// # Errors
    /// `invalid_input` for an axis that is not there.
    pub fn flip(&self, axis: u32) -> Result<Self> {
        let axis = self.axis(axis)?;
        if let Some(x) = self.candle() {
            return self.wrap(composed::flip(x, axis));
        }
        let (extent, inner) = (self.shape[axis] as usize, product(&self.shape[axis + 1..]));
        let mut out = Vec::with_capacity(self.count());
        for block in self.values().chunks_exact(extent * inner) {
            block.rchunks_exact(inner).for_each(|entry| out.extend_from_slice(entry));
        }
        Ok(Self::host(&self.device, &self.shape, out))
    }

    /// Two axes exchanged.
    ///
    /// # Errors
    /// `invalid_input` for an axis that is not there.
    pub fn transpose(&self, first: u32, second: u32) -> Result<Self> {
        let (first, second) = (self.axis(first)?, self.axis(second)?);
        if first == second {
            return Ok(self.clone());
        }
        if let Some(x) = self.candle() {
            let exchange = || x.transpose(first, second)?.contiguous();
            return self.wrap(exchange());
        }
        let (low, high) = (first.min(second), first.max(second));
        let mut shape = self.shape.to_vec();
        shape.swap(low, high);
        let (rows, columns) = (self.shape[low] as usize, self.shape[high] as usize);
        let (middle, inner) =
            (product(&self.shape[low + 1..high]), product(&self.shape[high + 1..]));
        let mut out = Vec::with_capacity(self.count());
        for block in self.values().chunks_exact(rows * middle * columns * inner) {
            for column in 0..columns {
                for between in 0..middle {
                    for row in 0..rows {
                        let at = ((row * middle + between) * columns + column) * inner;
                        out.extend_from_slice(&block[at..at + inner]);
                    }
                }
            }
        }
        Ok(Self::host(&self.device, &shape, out))
    }

    /// The sum over `axis`, which stays with length 1. Accumulated in float64 on the CPU.
    ///
    /// # Errors
    /// `invalid_input` for an axis that is not there.
    #[allow(clippy::cast_possible_truncation)]
    pub fn sum(&self, axis: u32) -> Result<Self> {
        let axis = self.axis(axis)?;
        if let Some(x) = self.candle() {
            return self.wrap(x.sum_keepdim(axis));
        }
        let mut shape = self.shape.to_vec();
        let extent = std::mem::replace(&mut shape[axis], 1) as usize;
        let inner = product(&self.shape[axis + 1..]);
        let mut out = Vec::with_capacity(self.count() / extent);
        for block in self.values().chunks_exact(extent * inner) {
            for at in 0..inner {
                let entries = block[at..].iter().step_by(inner);
                out.push(entries.map(|&value| f64::from(value)).sum::<f64>() as f32);
            }
        }
        Ok(Self::host(&self.device, &shape, out))
    }

    /// An axis as an index into the shape.
    pub(super) fn axis(&self, axis: u32) -> Result<usize> {
        let axes = self.shape.len();
        let known = usize::try_from(axis).ok().filter(|&axis| axis < axes);
        known.ok_or_else(|| errors::axis(axis, &self.shape))
    }
}

/// Entries of several axes together.
pub(super) fn product(extents: &[u32]) -> usize {
    extents.iter().map(|&extent| extent as usize).product()
}
