//! Patches of a map as the columns of a matrix (im2col), copied by whole rows.

use pulp::{Simd, WithSimd};

use super::map::Plane;
use super::scratch::Buffer;

/// Margin of a 3x3 convolution.
const MARGIN: usize = 1;
const TAPS: usize = 3;

/// A map with a margin of zeros around every channel.
pub(super) struct Padded {
    values: Buffer,
    width: usize,
    area: usize,
}

impl Padded {
    pub(super) fn new(plane: &Plane) -> Self {
        let width = plane.width + 2 * MARGIN;
        let area = width * (plane.height + 2 * MARGIN);
        let mut values = Buffer::zeroed(plane.channels * area);
        let channels = values.chunks_exact_mut(area).zip(plane.values.chunks_exact(plane.area()));
        for (to, from) in channels {
            let rows = to.chunks_exact_mut(width).skip(MARGIN);
            for (to, from) in rows.zip(from.chunks_exact(plane.width)) {
                to[MARGIN..MARGIN + plane.width].copy_from_slice(from);
            }
        }
        Self { values, width, area }
    }

    /// The columns of output rows `first..first + rows`, each `out_width` wide: one row of the
    /// matrix a channel and tap, in the order of a convolution's weights.
    pub(super) fn columns(
        &self,
        stride: usize,
        first: usize,
        rows: usize,
        out_width: usize,
        out: &mut [f32],
    ) {
        let arch = pulp::Arch::new();
        match (stride, out_width) {
            (1, 8) => arch.dispatch(Gather::<8> { padded: self, first, rows, out }),
            (1, 16) => arch.dispatch(Gather::<16> { padded: self, first, rows, out }),
            (1, 32) => arch.dispatch(Gather::<32> { padded: self, first, rows, out }),
            (1, 64) => arch.dispatch(Gather::<64> { padded: self, first, rows, out }),
            _ => self.strided(stride, first, rows, out_width, out),
        }
    }

    fn strided(&self, stride: usize, first: usize, rows: usize, out_width: usize, out: &mut [f32]) {
        let mut taps = out.chunks_exact_mut(rows * out_width);
        for source in self.values.chunks_exact(self.area) {
            for (tap, out) in (0..TAPS * TAPS).zip(&mut taps) {
                let (down, right) = (tap / TAPS, tap % TAPS);
                for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
                    let start = ((first + y) * stride + down) * self.width + right;
                    if stride == 1 {
                        out.copy_from_slice(&source[start..start + out_width]);
                    } else {
                        let picked = source[start..].iter().step_by(stride);
                        out.iter_mut().zip(picked).for_each(|(to, &from)| *to = from);
                    }
                }
            }
        }
    }
}

/// The columns of common widths with stride 1: rows are copied in registers, without calls.
struct Gather<'a, const WIDTH: usize> {
    padded: &'a Padded,
    first: usize,
    rows: usize,
    out: &'a mut [f32],
}

impl<const WIDTH: usize> WithSimd for Gather<'_, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.padded.width;
        let (out, _) = self.out.as_chunks_mut::<WIDTH>();
        let mut taps = out.chunks_exact_mut(self.rows);
        for source in self.padded.values.chunks_exact(self.padded.area) {
            for (tap, out) in (0..TAPS * TAPS).zip(&mut taps) {
                let start = (self.first + tap / TAPS) * width + tap % TAPS;
                // The last row of the last tap ends where the channel does.
                let rows = source[start..].chunks(width);
                for (to, from) in out.iter_mut().zip(rows) {
                    if let Some(from) = from.first_chunk() {
                        *to = *from;
                    }
                }
            }
        }
    }
}
