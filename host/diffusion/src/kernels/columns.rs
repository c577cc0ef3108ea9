//! Patches of a map as the columns of a matrix (im2col), copied by whole rows.

use super::map::Plane;
use super::scratch::Buffer;

/// Margin of a 3x3 convolution.
const MARGIN: usize = 1;
const TAPS: usize = 3;

/// A map with a margin of zeros around every channel.
pub(super) struct Padded {
    values: Buffer,
    channels: usize,
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
                copy(&mut to[MARGIN..MARGIN + plane.width], from);
            }
        }
        Self { values, channels: plane.channels, width, area }
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
        let mut taps = out.chunks_exact_mut(rows * out_width);
        for channel in 0..self.channels {
            let source = &self.values[channel * self.area..(channel + 1) * self.area];
            for (tap, out) in (0..TAPS * TAPS).zip(&mut taps) {
                let (down, right) = (tap / TAPS, tap % TAPS);
                for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
                    let start = ((first + y) * stride + down) * self.width + right;
                    if stride == 1 {
                        copy(out, &source[start..start + out_width]);
                    } else {
                        let picked = source[start..].iter().step_by(stride);
                        out.iter_mut().zip(picked).for_each(|(to, &from)| *to = from);
                    }
                }
            }
        }
    }
}

/// Copies a row; common widths without a call.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    match to.len() {
        8 => fixed::<8>(to, from),
        16 => fixed::<16>(to, from),
        32 => fixed::<32>(to, from),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn fixed<const N: usize>(to: &mut [f32], from: &[f32]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
}
