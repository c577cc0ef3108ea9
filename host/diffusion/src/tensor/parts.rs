//! Taking tensors apart along an axis, and joining them.

use std::sync::Arc;

use candle_core::Tensor as CandleTensor;

use super::axes::product;
use super::{Storage, Tensor, errors, shape};
use crate::Result;

impl Tensor {
    /// `length` entries of `axis` from `start`. Shares storage where they lie together, as along
    /// the batch.
    ///
    /// # Errors
    /// `invalid_input` where the axis or the range is outside the tensor.
    pub fn narrow(&self, axis: u32, start: u32, length: u32) -> Result<Self> {
        let axis = self.axis(axis)?;
        let extent = self.shape[axis];
        if length == 0 || start.checked_add(length).is_none_or(|end| end > extent) {
            return Err(errors::range(length, start, axis, &self.shape, extent));
        }
        if let Some(x) = self.candle() {
            return self.wrap(x.narrow(axis, start as usize, length as usize));
        }
        let mut shape = self.shape.to_vec();
        shape[axis] = length;
        let inner = product(&self.shape[axis + 1..]);
        let (row, skip, take) =
            (inner * extent as usize, inner * start as usize, inner * length as usize);
        if let (Storage::Host { values, start }, 1) = (&self.storage, product(&self.shape[..axis]))
        {
            let storage = Storage::Host { values: Arc::clone(values), start: start + skip };
            return Ok(Self { device: self.device.clone(), shape: shape.into(), storage });
        }
        let rows = self.values().chunks_exact(row);
        let values = rows.flat_map(|row| &row[skip..skip + take]).copied().collect();
        Ok(Self::host(&self.device, &shape, values))
    }

    /// Joins tensors along `axis`; their other extents are equal.
    ///
    /// # Errors
    /// `invalid_input` for no parts or extents that do not fit, `limit_exceeded` above
    /// [`amdm::limits::TENSOR_BYTES`].
    pub fn concat(parts: &[&Self], axis: u32) -> Result<Self> {
        let first = *parts.first().ok_or_else(errors::no_parts)?;
        let axis = first.axis(axis)?;
        let mut total = 0_u32;
        for part in parts {
            first.meets(part)?;
            let fits = part.shape.len() == first.shape.len()
                && (0..part.shape.len()).all(|i| i == axis || part.shape[i] == first.shape[i]);
            total = match total.checked_add(part.shape.get(axis).copied().unwrap_or(0)) {
                Some(total) if fits => total,
                _ => return Err(errors::shapes(&first.shape, &part.shape)),
            };
        }
        let mut shape = first.shape.to_vec();
        shape[axis] = total;
        let count = shape::count(&shape)?;
        if first.candle().is_some() {
            let all: Option<Vec<&CandleTensor>> = parts.iter().map(|part| part.candle()).collect();
            return first.wrap(CandleTensor::cat(&all.ok_or_else(errors::other_device)?, axis));
        }
        let mut values = Vec::with_capacity(count);
        for row in 0..product(&first.shape[..axis]) {
            for part in parts {
                let len = product(&part.shape[axis..]);
                values.extend_from_slice(&part.values()[row * len..(row + 1) * len]);
            }
        }
        Ok(Self::host(&first.device, &shape, values))
    }
}
