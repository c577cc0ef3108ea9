//! Moving values: joining channels and sequences, enlarging, pixels to channels and back.

use candle_core::Tensor as CandleTensor;

use super::map::{Map, Plane, misfit};
use super::matrix::tiles;
use super::work::Work;
use crate::Result;
use crate::error::mixed;

impl Map {
    /// The channels of `self`, then those of `other`.
    pub(crate) fn join(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Host(a), Self::Host(b)) => {
                if (a.rows, a.height, a.width) != (b.rows, b.height, b.width) {
                    return Err(misfit("a joined map", b.area(), a.area()));
                }
                let mut out = a.stale_like(a.channels + b.channels);
                let len = out.channels * out.area();
                for (row, out) in out.values.chunks_exact_mut(len).enumerate() {
                    let (first, second) = out.split_at_mut(a.channels * a.area());
                    first.copy_from_slice(a.row(row));
                    second.copy_from_slice(b.row(row));
                }
                Ok(Self::Host(out))
            }
            (Self::Composed(a), Self::Composed(b)) => Self::composed(CandleTensor::cat(&[a, b], 1)),
            _ => Err(mixed()),
        }
    }

    /// The tokens of `self`, then those of `other`, as one row of pixels.
    pub(crate) fn followed_by(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Host(a), Self::Host(b)) => {
                if (a.rows, a.channels) != (b.rows, b.channels) {
                    return Err(misfit("a sequence", b.channels, a.channels));
                }
                let tokens = a.area() + b.area();
                let mut out = Plane::stale([a.rows, a.channels, 1, tokens]);
                let parts = a.values.chunks_exact(a.area()).zip(b.values.chunks_exact(b.area()));
                for (out, (a, b)) in out.values.chunks_exact_mut(tokens).zip(parts) {
                    let (first, second) = out.split_at_mut(a.len());
                    first.copy_from_slice(a);
                    second.copy_from_slice(b);
                }
                Ok(Self::Host(out))
            }
            (Self::Composed(a), Self::Composed(b)) => {
                let run = || {
                    let flat = |x: &CandleTensor| x.flatten_from(2)?.unsqueeze(2);
                    CandleTensor::cat(&[flat(a)?, flat(b)?], 3)
                };
                Self::composed(run())
            }
            _ => Err(mixed()),
        }
    }

    /// A map of one row as that of `rows` equal ones; one of several stays as it is.
    pub(crate) fn repeated(&self, rows: usize) -> Result<Self> {
        match self {
            Self::Host(x) if x.rows == 1 => {
                let mut out = Plane::stale([rows, x.channels, x.height, x.width]);
                let copies = out.values.chunks_exact_mut(x.values.len());
                copies.for_each(|copy| copy.copy_from_slice(&x.values));
                Ok(Self::Host(out))
            }
            Self::Composed(x) if x.dims().first() == Some(&1) => {
                Self::composed(x.repeat((rows, 1, 1, 1)))
            }
            _ => Ok(self.share()),
        }
    }

    /// The channels from `first` on, `count` of them.
    pub(crate) fn channels(&self, first: usize, count: usize) -> Result<Self> {
        match self {
            Self::Host(x) => {
                if x.channels < first + count {
                    return Err(misfit("a part", x.channels, first + count));
                }
                let mut out = x.stale_like(count);
                let (area, len) = (x.area(), count * x.area());
                for (row, out) in out.values.chunks_exact_mut(len).enumerate() {
                    out.copy_from_slice(&x.row(row)[first * area..][..len]);
                }
                Ok(Self::Host(out))
            }
            Self::Composed(x) => {
                Self::composed(x.narrow(1, first, count).and_then(|x| x.contiguous()))
            }
        }
    }

    /// `self + scale * other`, in place where it can be.
    pub(crate) fn plus(self, other: &Self, scale: f32) -> Result<Self> {
        match (self, other) {
            (Self::Host(mut a), Self::Host(b)) => {
                if (a.rows, a.channels, a.area()) != (b.rows, b.channels, b.area()) {
                    return Err(misfit("a sum", b.channels, a.channels));
                }
                let values = a.values.iter_mut().zip(b.values.iter());
                values.for_each(|(a, &b)| *a += scale * b);
                Ok(Self::Host(a))
            }
            (Self::Composed(a), Self::Composed(b)) => {
                let run = || &a + (b.reshape(a.shape())? * f64::from(scale))?;
                Self::composed(run())
            }
            _ => Err(mixed()),
        }
    }

    /// Twice the height and width, every pixel four times.
    pub(crate) fn double(&self, work: Work<'_>) -> Result<Self> {
        let [_, _, height, width] = self.extents()?;
        self.enlarge(height * 2, width * 2, work)
    }

    /// Every pixel four times, without the last row or column where an extent asked for is odd.
    pub(crate) fn enlarge(&self, height: usize, width: usize, work: Work<'_>) -> Result<Self> {
        let [_, _, from_height, from_width] = self.extents()?;
        if (height.div_ceil(2), width.div_ceil(2)) != (from_height, from_width) {
            return Err(misfit("an enlarged map", height * width, 4 * from_height * from_width));
        }
        match self {
            Self::Host(x) => {
                let mut out = Plane::stale([x.rows, x.channels, height, width]);
                tiles(work, &mut out.values, [height, width], [height, width], |tile| {
                    let from = &x.values[tile.part * x.area()..][..x.area()];
                    for (y, to) in tile.pane.each_row().enumerate() {
                        let from = &from[y / 2 * x.width..][..x.width];
                        for (pair, &value) in to.chunks_mut(2).zip(from) {
                            pair.fill(value);
                        }
                    }
                    Ok(())
                })?;
                Ok(Self::Host(out))
            }
            Self::Composed(x) => {
                work.go_on()?;
                let run = || {
                    let x = x.upsample_nearest2d(from_height * 2, from_width * 2)?;
                    x.narrow(2, 0, height)?.narrow(3, 0, width)?.contiguous()
                };
                Self::composed(run())
            }
        }
    }

    /// Blocks of 2 x 2 pixels to channels (pixel-unshuffle): [c, h, w] to [4 c, h / 2, w / 2].
    pub(crate) fn fold(&self) -> Result<Self> {
        match self {
            Self::Host(x) => {
                let mut out = Plane::stale([x.rows, x.channels * 4, x.height / 2, x.width / 2]);
                let planes = out.values.chunks_exact_mut(x.area());
                for (to, from) in planes.zip(x.values.chunks_exact(x.area())) {
                    for (corner, to) in to.chunks_exact_mut(x.area() / 4).enumerate() {
                        let rows = from.chunks_exact(x.width).skip(corner / 2).step_by(2);
                        for (to, from) in to.chunks_exact_mut(x.width / 2).zip(rows) {
                            let picked = from.iter().skip(corner % 2).step_by(2);
                            to.iter_mut().zip(picked).for_each(|(to, &from)| *to = from);
                        }
                    }
                }
                Ok(Self::Host(out))
            }
            Self::Composed(x) => {
                let fold = || {
                    let (rows, channels, height, width) = x.dims4()?;
                    let (height, width) = (height / 2, width / 2);
                    let x = x.reshape(&[rows, channels, height, 2, width, 2][..])?;
                    x.permute([0, 1, 3, 5, 2, 4])?.reshape((rows, channels * 4, height, width))
                };
                Self::composed(fold())
            }
        }
    }

    /// The inverse of [`Map::fold`].
    pub(crate) fn unfold(&self) -> Result<Self> {
        match self {
            Self::Host(x) => {
                let mut out = Plane::stale([x.rows, x.channels / 4, x.height * 2, x.width * 2]);
                let planes = out.values.chunks_exact_mut(x.area() * 4);
                for (to, from) in planes.zip(x.values.chunks_exact(x.area() * 4)) {
                    for (corner, from) in from.chunks_exact(x.area()).enumerate() {
                        let rows = to.chunks_exact_mut(x.width * 2).skip(corner / 2).step_by(2);
                        for (to, from) in rows.zip(from.chunks_exact(x.width)) {
                            let picked = to.iter_mut().skip(corner % 2).step_by(2);
                            picked.zip(from).for_each(|(to, &from)| *to = from);
                        }
                    }
                }
                Ok(Self::Host(out))
            }
            Self::Composed(x) => {
                let unfold = || {
                    let (rows, channels, height, width) = x.dims4()?;
                    let x = x.reshape(&[rows, channels / 4, 2, 2, height, width][..])?;
                    let x = x.permute([0, 1, 4, 2, 5, 3])?;
                    x.reshape((rows, channels / 4, height * 2, width * 2))
                };
                Self::composed(unfold())
            }
        }
    }
}
