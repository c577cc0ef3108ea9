//! Patches of a map as the columns of a matrix (im2col), copied by whole rows.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::map::Plane;
use super::scratch::Buffer;

/// Taps of a side of a patch.
pub(super) const TAPS: usize = 3;

/// Where the patches of some rows of a result lie.
#[derive(Clone, Copy)]
pub(super) struct Patches {
    pub(super) stride: usize,
    /// Zeros above the first row and left of the first column; as many as needed on other sides.
    pub(super) margin: usize,
    /// The first row of the result, how many, and their width.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
}

/// What patches see of some channels of a map, with the margin of zeros.
struct Stripe {
    values: Buffer,
    width: usize,
    area: usize,
}

impl Patches {
    /// Writes the columns for some channels of a row of a batch: one row of the matrix a channel and
    /// tap, in the order of a convolution's weights.
    pub(super) fn columns(self, x: &Plane, row: usize, channels: Range<usize>, out: &mut [f32]) {
        let stripe = self.stripe(x, row, channels);
        let (rows, arch) = (self.rows, pulp::Arch::new());
        match (self.stride, self.width) {
            (1, 8) => arch.dispatch(Gather::<8> { stripe: &stripe, rows, out }),
            (1, 16) => arch.dispatch(Gather::<16> { stripe: &stripe, rows, out }),
            (1, 32) => arch.dispatch(Gather::<32> { stripe: &stripe, rows, out }),
            (1, 64) => arch.dispatch(Gather::<64> { stripe: &stripe, rows, out }),
            _ => self.strided(&stripe, out),
        }
    }

    fn stripe(self, x: &Plane, row: usize, channels: Range<usize>) -> Stripe {
        let width = (self.width - 1) * self.stride + TAPS;
        let height = (self.rows - 1) * self.stride + TAPS;
        let area = width * height;
        let mut values = Buffer::stale(channels.len() * area);
        let copied = (width - self.margin).min(x.width);
        let sources = x.row(row).chunks_exact(x.area()).skip(channels.start);
        for (to, from) in values.chunks_exact_mut(area).zip(sources) {
            for (y, to) in to.chunks_exact_mut(width).enumerate() {
                let y = (self.first * self.stride + y).checked_sub(self.margin);
                match y.filter(|&y| y < x.height) {
                    None => to.fill(0.0),
                    Some(y) => {
                        to[..self.margin].fill(0.0);
                        let (inside, right) = to[self.margin..].split_at_mut(copied);
                        inside.copy_from_slice(&from[y * x.width..][..copied]);
                        right.fill(0.0);
                    }
                }
            }
        }
        Stripe { values, width, area }
    }

    fn strided(self, stripe: &Stripe, out: &mut [f32]) {
        let mut taps = out.chunks_exact_mut(self.rows * self.width);
        for source in stripe.values.chunks_exact(stripe.area) {
            for (tap, out) in (0..TAPS * TAPS).zip(&mut taps) {
                let (down, right) = (tap / TAPS, tap % TAPS);
                for (y, out) in out.chunks_exact_mut(self.width).enumerate() {
                    let start = (y * self.stride + down) * stripe.width + right;
                    if self.stride == 1 {
                        out.copy_from_slice(&source[start..start + self.width]);
                    } else {
                        let picked = source[start..].iter().step_by(self.stride);
                        out.iter_mut().zip(picked).for_each(|(to, &from)| *to = from);
                    }
                }
            }
        }
    }
}

/// The columns of common widths with stride 1: rows are copied in registers, without calls.
struct Gather<'a, const WIDTH: usize> {
    stripe: &'a Stripe,
    rows: usize,
    out: &'a mut [f32],
}

impl<const WIDTH: usize> WithSimd for Gather<'_, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.stripe.width;
        let (out, _) = self.out.as_chunks_mut::<WIDTH>();
        let mut taps = out.chunks_exact_mut(self.rows);
        for source in self.stripe.values.chunks_exact(self.stripe.area) {
            for (tap, out) in (0..TAPS * TAPS).zip(&mut taps) {
                let start = tap / TAPS * width + tap % TAPS;
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
