//! Masks of entries at the latent's size.

use amdm::error::Error;
use amdm::math::solver::sigma::inpaint::resize_mask;

use super::frame::Frame;
use crate::tensor::shape;
use crate::{Result, Tensor};

/// A mask at the size of a latent.
#[derive(Debug)]
pub(super) struct Mask {
    values: Vec<f32>,
    width: usize,
    plane: usize,
}

impl Mask {
    /// A mask [rows, height, width], linear between the centres of its values.
    ///
    /// # Errors
    /// `invalid_input` where it is no mask, or has rows that the batch is no multiple of;
    /// `limit_exceeded` for too many rows.
    pub fn resized(mask: &Tensor, frame: &Frame) -> Result<Self> {
        let &[rows, height, width] = mask.extents() else {
            let found = mask.extents();
            return Err(Error::invalid(format!(
                "found a mask {found:?} of a condition, expected [1 or batch, height, width]"
            )));
        };
        let used = frame.batch.min(rows as usize).max(1);
        if !frame.batch.is_multiple_of(used) {
            let batch = frame.batch;
            return Err(Error::invalid(format!(
                "found {rows} masks of a condition for a batch of {batch}, expected 1 or {batch}"
            )));
        }
        let extent = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        shape::count(&[rows, extent(frame.height), extent(frame.width)])?;
        let (from, to) = ((height as usize, width as usize), (frame.height, frame.width));
        let values = resize_mask(&mask.read()?, from, to)?;
        Ok(Self { values, width: frame.width, plane: frame.plane() })
    }

    /// How many masks there are.
    pub fn rows(&self) -> usize {
        self.values.len() / self.plane
    }

    /// The values of one of them.
    pub fn row(&self, index: usize) -> &[f32] {
        let start = index * self.plane;
        &self.values[start..start + self.plane]
    }

    /// First and last column and row, (left, top, right, bottom), of what is not 0 in any row.
    pub fn bounds(&self) -> Option<(usize, usize, usize, usize)> {
        let set = self.values.iter().enumerate().filter(|(_, value)| **value != 0.0);
        let places =
            set.map(|(at, _)| (at % self.plane % self.width, at % self.plane / self.width));
        places.fold(None, |bounds, (x, y)| {
            let (left, top, right, bottom) = bounds.unwrap_or((x, y, x, y));
            Some((left.min(x), top.min(y), right.max(x), bottom.max(y)))
        })
    }
}
