//! Moving values without arithmetic: joining channels, enlarging, pixels to channels and back.

use candle_core::Tensor as CandleTensor;

use super::map::{Map, Plane};
use crate::Result;
use crate::error::mixed;

impl Map {
    /// The channels of `self`, then those of `other`.
    pub(crate) fn join(&self, other: &Self) -> Result<Self> {
        match (self, other) {
            (Self::Host(a), Self::Host(b)) => {
                Ok(Self::from_parts(&[&a.values, &b.values], a.height, a.width))
            }
            (Self::Composed(a), Self::Composed(b)) => Self::composed(CandleTensor::cat(&[a, b], 1)),
            _ => Err(mixed()),
        }
    }

    /// Twice the height and width, every pixel four times.
    pub(crate) fn double(&self) -> Result<Self> {
        match self {
            Self::Host(x) => {
                let width = x.width * 2;
                let mut out = Plane::stale(x.channels, x.height * 2, width);
                let rows = out.values.chunks_exact_mut(width * 2);
                for (to, from) in rows.zip(x.values.chunks_exact(x.width)) {
                    let (first, second) = to.split_at_mut(width);
                    for (pair, &value) in first.chunks_exact_mut(2).zip(from) {
                        pair.fill(value);
                    }
                    second.copy_from_slice(first);
                }
                Ok(Self::Host(out))
            }
            Self::Composed(x) => {
                let double = || {
                    let (_, _, height, width) = x.dims4()?;
                    x.upsample_nearest2d(height * 2, width * 2)
                };
                Self::composed(double())
            }
        }
    }

    /// Blocks of 2 x 2 pixels to channels (pixel-unshuffle): [c, h, w] to [4 c, h / 2, w / 2].
    pub(crate) fn fold(&self) -> Result<Self> {
        match self {
            Self::Host(x) => {
                let mut out = Plane::stale(x.channels * 4, x.height / 2, x.width / 2);
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
                let mut out = Plane::stale(x.channels / 4, x.height * 2, x.width * 2);
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
