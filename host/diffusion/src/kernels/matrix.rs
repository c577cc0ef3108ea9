//! Matrix products on one thread, through the `gemm` crate, over checked slices, and the cutting of
//! results into tiles.
//!
//! Strides make transposes free, and the accumulate flag lets bias and residual be part of the
//! product. On one thread `gemm`'s result depends on shapes and strides alone.

use std::marker::PhantomData;
use std::slice;

use amdm::error::{Code, Error};
use smallvec::SmallVec;

use super::work::Work;
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

/// Part of a matrix that a result is written to, borrowed exclusively.
pub(super) struct Pane<'a> {
    start: *mut f32,
    rows: usize,
    columns: usize,
    /// Distance of one row to the next; the values of a row lie side by side.
    step: usize,
    values: PhantomData<&'a mut [f32]>,
}

impl<'a> Pane<'a> {
    /// All of `values` as `rows` rows of `columns`.
    pub(super) fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Result<Self> {
        if !Layout::rows(rows, columns).fits(values.len()) {
            return Err(misfit(rows, columns, values.len()));
        }
        let start = values.as_mut_ptr();
        Ok(Self { start, rows, columns, step: columns, values: PhantomData })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The rows, first to last.
    pub(super) fn each_row(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let (start, columns, step) = (self.start, self.columns, self.step);
        // SAFETY: every row lies inside what the pane borrows exclusively, rows are distinct, and
        // the iterator borrows the pane.
        (0..self.rows)
            .map(move |row| unsafe { slice::from_raw_parts_mut(start.add(row * step), columns) })
    }
}

/// One tile of a result.
pub(super) struct Tile<'a> {
    pub(super) pane: Pane<'a>,
    /// Which matrix it is a part of, and the row and column of that where it begins.
    pub(super) part: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Cuts `values`, matrices of `rows` x `columns` one after the other, into tiles of at most `tile`
/// rows and columns, and writes each by `write`.
pub(super) fn tiles(
    work: Work<'_>,
    values: &mut [f32],
    extents: [usize; 2],
    tile: [usize; 2],
    write: impl Fn(&mut Tile<'_>) -> Result<()> + Sync,
) -> Result<()> {
    tiles_together(work, values, extents, tile, 1, |tiles| tiles.iter_mut().try_for_each(&write))
}

/// As [`tiles`], but tiles at one place of `together` matrices that follow each other are written
/// at once, by one thread.
pub(super) fn tiles_together(
    work: Work<'_>,
    values: &mut [f32],
    [rows, columns]: [usize; 2],
    tile: [usize; 2],
    together: usize,
    write: impl Fn(&mut [Tile<'_>]) -> Result<()> + Sync,
) -> Result<()> {
    let size = rows * columns;
    if size == 0 || !values.len().is_multiple_of(size) || tile.contains(&0) || together == 0 {
        return Err(misfit(rows, columns, values.len()));
    }
    let (down, across) = (rows.div_ceil(tile[0]), columns.div_ceil(tile[1]));
    let parts = values.len() / size;
    let base = Base(values.as_mut_ptr());
    work.each(parts.div_ceil(together) * down * across, |index| {
        let first = index / across / down * together;
        let (row, column) = (index / across % down * tile[0], index % across * tile[1]);
        let at = |part: usize| {
            // SAFETY: the tile begins inside `values`, of which `part`, `row` and `column` are whole
            // matrices, rows and columns.
            let start = unsafe { base.get().add(part * size + row * columns + column) };
            let pane = Pane {
                start,
                rows: tile[0].min(rows - row),
                columns: tile[1].min(columns - column),
                step: columns,
                values: PhantomData,
            };
            Tile { pane, part, row, column }
        };
        let mut tiles: SmallVec<[_; 4]> = (first..parts.min(first + together)).map(at).collect();
        write(&mut tiles)
    })
}

/// Where the values begin that tiles divide among themselves.
struct Base(*mut f32);

impl Base {
    fn get(&self) -> *mut f32 {
        self.0
    }
}

// SAFETY: threads reach through it for tiles alone, which do not overlap, while `tiles` borrows all
// values exclusively.
unsafe impl Sync for Base {}

/// `out = scale * (a x b)`, plus what `out` holds where `accumulate` is set.
pub(super) fn multiply(
    out: &mut Pane<'_>,
    a: (&[f32], Layout),
    b: (&[f32], Layout),
    scale: f32,
    accumulate: bool,
) -> Result<()> {
    let (m, n, k) = (out.rows, out.columns, a.1.columns);
    let agree = a.1.rows == m && b.1.rows == k && b.1.columns == n;
    if !(agree && a.1.fits(a.0.len()) && b.1.fits(b.0.len())) {
        let message = format!("a product of {m} x {k} and {k} x {n} does not fit its factors");
        return Err(Error::new(Code::Internal, message));
    }
    // SAFETY: every index that m, n, k and the strides reach lies inside its slice (`fits`), and
    // those of the result inside the pane, which borrows them exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.start,
            1,
            step(out.step),
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

fn misfit(rows: usize, columns: usize, found: usize) -> Error {
    let message = format!("a result of {rows} x {columns} does not fit {found} values");
    Error::new(Code::Internal, message)
}

/// Fits: strides of a slice's elements are below `isize::MAX`, or the axis has one entry.
fn step(step: usize) -> isize {
    isize::try_from(step).unwrap_or(0)
}
