//! The plane of a latent, and rectangles of its values: an entry's area, cut by the plane.

use amdm::error::Error;

use super::entry::Area;
use super::mask::Mask;
use crate::{Result, Tensor};

/// The least height and width of the box around a mask.
const BOUNDS_MIN: u64 = 8;

/// Extents of a latent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub batch: usize,
    /// Planes of one latent.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

/// A rectangle in values of the latent; it may reach beyond the latent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    pub x: u64,
    pub y: u64,
    pub width: u64,
    pub height: u64,
}

impl Frame {
    /// Of any latent: one without rows and columns is a plane of one row.
    pub fn of(latent: &Tensor) -> Self {
        let extents = latent.extents();
        let [batch, channels, height, width] = match *extents {
            [batch, channels, height, width] => [batch, channels, height, width],
            [batch, ..] => [batch, 1, 1, 1],
            [] => [1, 1, 1, 1],
        };
        let [batch, channels, height] = [batch, channels, height].map(|extent| extent as usize);
        let width = if extents.len() == 4 { width as usize } else { latent.count() / batch.max(1) };
        Self { batch, channels, height, width }
    }

    /// All of the plane.
    pub fn whole(&self) -> Cells {
        Cells { x: 0, y: 0, width: self.width as u64, height: self.height as u64 }
    }

    /// Values of one plane.
    pub fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Where an area lies, before it is cut. `pixels` of the image are a value of the latent.
    ///
    /// # Errors
    /// `invalid_input` for an area of less than a value, and for one out of range.
    pub fn place(&self, area: Area, pixels: u32) -> Result<Cells> {
        match area {
            Area::Pixels { x, y, width, height } => {
                let [x, y, width, height] =
                    [x, y, width, height].map(|at| u64::from(at / pixels.max(1)));
                if width == 0 || height == 0 {
                    return Err(Error::invalid(format!(
                        "found {area:?} of a condition, expected at least {pixels} pixels each way"
                    )));
                }
                Ok(Cells { x, y, width, height })
            }
            Area::Fractions { x, y, width, height } => {
                if ![x, y, width, height].iter().all(|part| (0.0..=1.0).contains(part)) {
                    let message = format!("found {area:?} of a condition, expected 0 to 1 each");
                    return Err(Error::invalid(message));
                }
                let (columns, rows) = (part(width, self.width), part(height, self.height));
                let (x, y) = (part(x, self.width), part(y, self.height));
                Ok(Cells { x, y, width: columns.max(1), height: rows.max(1) })
            }
        }
    }

    /// What of an area lies in the latent; none where it begins at the edge.
    ///
    /// # Errors
    /// `invalid_input` where it begins beyond the edge.
    pub fn cut(&self, cells: Cells) -> Result<Option<Cells>> {
        let Cells { x, y, width, height } = cells;
        let (columns, rows) = (self.width as u64, self.height as u64);
        if x > columns || y > rows {
            return Err(Error::invalid(format!(
                "found an area of a condition from column {x} and row {y} on, expected one that \
                 begins within the latent of {columns} x {rows} values"
            )));
        }
        let (width, height) = (width.min(columns - x), height.min(rows - y));
        Ok((width > 0 && height > 0).then_some(Cells { x, y, width, height }))
    }
}

/// A fraction of an extent, rounded, halves to the even one. Fractions are 0 to 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn part(fraction: f64, extent: usize) -> u64 {
    (fraction * extent as f64).round_ties_even() as u64
}

impl Cells {
    /// The box around what is not 0 in any row of the mask, at least 8 values high and wide, its
    /// corner where the mask begins; of an empty mask the corner of the latent.
    pub fn around(mask: &Mask) -> Self {
        let Some((left, top, right, bottom)) = mask.bounds() else {
            return Self { x: 0, y: 0, width: BOUNDS_MIN, height: BOUNDS_MIN };
        };
        let length = |from: usize, to: usize| (to - from + 1).max(BOUNDS_MIN as usize) as u64;
        Self {
            x: left as u64,
            y: top as u64,
            width: length(left, right),
            height: length(top, bottom),
        }
    }

    /// How many values it holds.
    pub fn count(&self) -> u64 {
        self.width.saturating_mul(self.height)
    }

    /// How many values it holds, of one that the latent cuts.
    #[allow(clippy::cast_possible_truncation)]
    pub fn size(self) -> usize {
        self.count() as usize
    }

    /// Where its values lie in a plane of the latent, which cuts it, row by row.
    #[allow(clippy::cast_possible_truncation)]
    pub fn places(self, frame: &Frame) -> impl Iterator<Item = usize> + use<> {
        let Self { x, y, width, height } = self;
        let [x, y, width, height] = [x, y, width, height].map(|at| at as usize);
        let plane = frame.width;
        (y..y + height).flat_map(move |row| (x..x + width).map(move |column| row * plane + column))
    }

    /// Whether all of it lies in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.x >= other.x
            && self.y >= other.y
            && self.x + self.width <= other.x + other.width
            && self.y + self.height <= other.y + other.height
    }

    /// The values of `latent` in it, which lies within.
    pub fn of(&self, latent: &Tensor) -> Result<Tensor> {
        let [x, y, width, height] = self.narrow();
        latent.narrow(2, y, height)?.narrow(3, x, width)
    }

    /// What fits a tensor's extents; of a cut rectangle all of it.
    #[allow(clippy::cast_possible_truncation)]
    fn narrow(&self) -> [u32; 4] {
        [self.x, self.y, self.width, self.height].map(|at| at.min(u32::MAX.into()) as u32)
    }
}
