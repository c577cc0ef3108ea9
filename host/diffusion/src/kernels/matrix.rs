//! Matrix products on one thread, through the `gemm` crate, over checked slices.
//!
//! Strides make transposes free, and the accumulate flag lets bias and residual be part of the
//! product. On one thread `gemm`'s result depends on shapes and strides alone.

use amdm::error::{Code, Error};

use crate::Result;

/// How the values of a matrix lie in a slice.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Distance of one row to the next, and of one column to the next.
    pub(super) row_step: usize,
    pub(super) column_step: usize,
}

impl Layout {
    /// Rows one after the other.
    pub(super) const fn rows(rows: usize, columns: usize) -> Self {
        Self { rows, columns, row_step: columns, column_step: 1 }
    }

    /// The same values with rows and columns exchanged.
    pub(super) const fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
        }
    }

    /// Rows `row_step` values apart.
    pub(super) const fn spaced(self, row_step: usize) -> Self {
        Self { row_step, ..self }
    }

    fn fits(&self, len: usize) -> bool {
        let last = |count: usize, step: usize| (count - 1).checked_mul(step);
        if self.rows == 0 || self.columns == 0 {
            return true;
        }
        let (row, column) = (last(self.rows, self.row_step), last(self.columns, self.column_step));
        row.zip(column).and_then(|(r, c)| r.checked_add(c)).is_some_and(|end| end < len)
            && isize::try_from(len).is_ok()
    }
}

/// `out = scale * (a x b)`, plus what `out` holds where `accumulate` is set.
pub(super) fn multiply(
    out: (&mut [f32], Layout),
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    scale: f32,
    accumulate: bool,
) -> Result<()> {
    let (m, n, k) = (out.1.rows, out.1.columns, a.1.columns);
    let agree = a.1.rows == m && b.1.rows == k && b.1.columns == n;
    // Rows and columns of the result must not overlap.
    let disjoint =
        out.1.row_step >= n * out.1.column_step || out.1.column_step >= m * out.1.row_step;
    let fit = out.1.fits(out.0.len()) && a.1.fits(a.0.len()) && b.1.fits(b.0.len());
    if !(agree && disjoint && fit) {
        let message = format!("a product of {m} x {k} and {k} x {n} does not fit its buffers");
        return Err(Error::new(Code::Internal, message));
    }
    // SAFETY: every index that m, n, k and the strides reach lies inside its slice (`fits`), the
    // result's elements are distinct (`disjoint`), and `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.0.as_mut_ptr(),
            step(out.1.column_step),
            step(out.1.row_step),
            accumulate,
            a.0.as_ptr(),
            step(a.1.column_step),
            step(a.1.row_step),
            b.0.as_ptr(),
            step(b.1.column_step),
            step(b.1.row_step),
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
    Ok(())
}

/// Fits: strides of a slice's elements are below `isize::MAX`, or the axis has one entry.
fn step(step: usize) -> isize {
    isize::try_from(step).unwrap_or(0)
}
