//! Each plane with one small kernel, which is not turned round: a cross-correlation, as in networks.

use super::{Tensor, errors, shape};
use crate::Result;

/// Products of one call: some ten seconds of one core.
const PRODUCTS: u64 = 1 << 34;

/// What lies beyond the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edge {
    /// Zeros.
    Zero,
    /// The plane mirrored at its outermost values, which are not repeated.
    Reflect,
}

impl Tensor {
    /// Each plane of the last two axes with one kernel [height, width], both odd; the size stays.
    ///
    /// # Errors
    /// `invalid_input` for fewer axes than two, another kernel, or one that reaches beyond the
    /// reflection; `limit_exceeded` for more than 2^34 products.
    pub fn convolve(&self, kernel: &Self, edge: Edge) -> Result<Self> {
        self.meets(kernel)?;
        let [height, width] =
            *self.shape.last_chunk::<2>().ok_or_else(|| errors::planes(&self.shape, 2))?;
        let &[rows, columns] = &*kernel.shape else { return Err(errors::kernel(&kernel.shape)) };
        if rows % 2 == 0 || columns % 2 == 0 {
            return Err(errors::kernel(&kernel.shape));
        }
        let (above, left) = (rows / 2, columns / 2);
        if edge == Edge::Reflect && (above >= height || left >= width) {
            return Err(errors::reflection(&kernel.shape, &self.shape));
        }
        let products = (self.count() as u64).checked_mul(kernel.count() as u64);
        if products.is_none_or(|products| products > PRODUCTS) {
            return Err(errors::products(products, PRODUCTS));
        }
        shape::count(&[height.saturating_add(2 * above), width.saturating_add(2 * left)])?;
        let plane = Plane {
            size: [height as usize, width as usize],
            margins: [above as usize, left as usize],
            edge,
        };
        let (values, kernel) = (self.read()?, kernel.read()?);
        let mut out = vec![0.0; self.count()];
        let len = plane.size[0] * plane.size[1];
        for (from, to) in values.chunks_exact(len).zip(out.chunks_exact_mut(len)) {
            plane.convolve(from, to, &kernel);
        }
        Self::from_f32(&self.device, &self.shape, out)
    }
}

struct Plane {
    size: [usize; 2],
    /// How far the kernel reaches from its middle, up and to the left.
    margins: [usize; 2],
    edge: Edge,
}

impl Plane {
    fn convolve(&self, from: &[f32], to: &mut [f32], kernel: &[f32]) {
        let ([_, width], [_, left]) = (self.size, self.margins);
        let wide = width + 2 * left;
        let padded = self.pad(from);
        for (y, line) in to.chunks_exact_mut(width).enumerate() {
            for (row, weights) in kernel.chunks_exact(2 * left + 1).enumerate() {
                let source = &padded[(y + row) * wide..(y + row + 1) * wide];
                for (column, &weight) in weights.iter().enumerate() {
                    let source = &source[column..column + width];
                    line.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
                }
            }
        }
    }

    /// The plane with its margins.
    fn pad(&self, from: &[f32]) -> Vec<f32> {
        let ([height, width], [above, left]) = (self.size, self.margins);
        let mut out = Vec::with_capacity((height + 2 * above) * (width + 2 * left));
        for y in 0..height + 2 * above {
            let row = self.inside(y, above, height).map(|y| &from[y * width..(y + 1) * width]);
            for x in 0..width + 2 * left {
                let at = self.inside(x, left, width);
                out.push(row.zip(at).map_or(0.0, |(row, x)| row[x]));
            }
        }
        out
    }

    /// Where the value of a padded place comes from.
    fn inside(&self, at: usize, margin: usize, extent: usize) -> Option<usize> {
        let beyond = at.checked_sub(margin);
        match (beyond, self.edge) {
            (Some(at), _) if at < extent => Some(at),
            (_, Edge::Zero) => None,
            (None, Edge::Reflect) => Some(margin - at),
            (Some(at), Edge::Reflect) => Some(2 * (extent - 1) - at),
        }
    }
}
