//! How much the prediction of an entry counts, place by place.

use super::frame::{Cells, Frame};
use super::placed::Placed;

/// Most rows and columns over which an area fades out.
const FADE_MAX: usize = 8;

/// How much a prediction counts.
pub(super) enum Weights {
    Even(f64),
    /// At each place of the part that the network sees, for each entry of the batch in turn.
    Uneven(Vec<Vec<f64>>),
}

impl Weights {
    /// Those of an entry's mask, else fading out towards the sides of its area that lie within the
    /// latent. `area` is cut by the latent.
    pub fn of(entry: &Placed, area: Cells, frame: &Frame) -> Self {
        let Some(mask) = &entry.mask else {
            return Self::fading(entry.strength, area, frame);
        };
        let factor = entry.mask_strength * entry.strength;
        let weigh = |row: usize| {
            let row = mask.row(row);
            area.places(frame).map(|at| f64::from(row[at]) * factor).collect()
        };
        Self::Uneven((0..mask.rows().min(frame.batch)).map(weigh).collect())
    }

    fn fading(strength: f64, area: Cells, frame: &Frame) -> Self {
        let whole = frame.whole();
        if area == whole {
            return Self::Even(strength);
        }
        let along = fade(area.x, area.width, whole.width);
        let mut weights = Vec::with_capacity(area.size());
        for down in fade(area.y, area.height, whole.height) {
            weights.extend(along.iter().map(|along| strength * down * along));
        }
        Self::Uneven(vec![weights])
    }

    /// Whether a prediction counts as it is.
    #[allow(clippy::float_cmp)]
    pub fn is_one(&self) -> bool {
        matches!(self, Self::Even(1.0))
    }

    /// The weight at a place of the part that the network sees, for entry `row` of the batch.
    pub fn at(&self, row: usize, place: usize) -> f64 {
        match self {
            Self::Even(weight) => *weight,
            Self::Uneven(rows) => rows[row % rows.len()][place],
        }
    }
}

/// Factors along one axis of an area: `length` values from `start` on, of `extent`.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn fade(start: u64, length: u64, extent: u64) -> Vec<f64> {
    let count = length as usize;
    let over = FADE_MAX.min(count / 4);
    let factor = |at: usize, fades: bool| {
        if fades && at < over { (at + 1) as f64 / over as f64 } else { 1.0 }
    };
    let (first, last) = (start > 0, start + length < extent);
    (0..count).map(|at| factor(at, first) * factor(count - 1 - at, last)).collect()
}
