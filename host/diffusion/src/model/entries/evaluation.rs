//! One pass of the network for one entry, and the weighted mean of a side's passes.
//!
//! The mean is one of clean latents, 0 where no entry counts. A prediction of any kind is affine in
//! the clean latent, so the mean of predictions is that wherever weights do not vanish.

use amdm::error::{Code, Error};
use amdm::limits::NODE_TENSOR_BYTES;
use amdm::math::{NoiseLevel, PredictionKind};

use super::frame::{Cells, Frame};
use super::moment::Moment;
use super::placed::Placed;
use crate::{Conditioning, Denoiser, Result, Tensor, error};

/// Keeps a mean finite where nothing weighs; too little to matter elsewhere.
const NOTHING: f64 = 1e-37;
/// Most rows and columns over which an area fades out.
const FADE_MAX: usize = 8;

/// What the passes of a step may still take.
pub(super) struct Room(usize);

impl Room {
    /// As many bytes as a guest may hold.
    pub const fn new() -> Self {
        Self(NODE_TENSOR_BYTES)
    }

    /// Takes room for one more prediction.
    ///
    /// # Errors
    /// `limit_exceeded` where there is none left.
    fn take(&mut self, bytes: usize) -> Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            let message = format!(
                "found entries of conditions whose predictions are more than {NODE_TENSOR_BYTES} \
                 bytes at a step, expected fewer entries, smaller latents or smaller batches"
            );
            Error::new(Code::LimitExceeded, message)
        })?;
        Ok(())
    }
}

/// A pass of the network.
pub(super) struct Evaluation {
    pub condition: Conditioning,
    /// What the network sees: all of the latent or a part.
    pub latent: Tensor,
    /// Which part; all where missing.
    area: Option<Cells>,
    weights: Weights,
}

/// How much a prediction counts.
enum Weights {
    Even(f64),
    /// At each place of the part that the network sees, for each entry of the batch or for all.
    Uneven(Vec<Vec<f64>>),
}

impl Evaluation {
    /// The passes of a side at a moment, in order.
    ///
    /// # Errors
    /// `invalid_input` for an area beyond the latent; `unsupported` where the model heeds no
    /// controls or has no schedule; `limit_exceeded` where there is no room.
    pub fn all(
        entries: &[Placed],
        model: &dyn Denoiser,
        latent: &Tensor,
        moment: &Moment<'_>,
        room: &mut Room,
    ) -> Result<Vec<Self>> {
        let frame = Frame::of(latent);
        let mut all = Vec::new();
        for entry in entries {
            let area = match entry.area {
                None => None,
                Some(area) => match frame.cut(area)? {
                    None => continue,
                    part => part,
                },
            };
            if moment.is_in(entry.start, entry.end)? {
                room.take(
                    latent.bytes() / frame.plane() * area.map_or(frame.plane(), Cells::size),
                )?;
                all.push(Self::new(entry, area, model, latent, moment)?);
            }
        }
        Ok(all)
    }

    fn new(
        entry: &Placed,
        area: Option<Cells>,
        model: &dyn Denoiser,
        latent: &Tensor,
        moment: &Moment<'_>,
    ) -> Result<Self> {
        let mut controls = Vec::new();
        for control in &entry.controls {
            if moment.is_in(control.start, control.end)? {
                controls.push(control.handle.clone());
            }
        }
        let beside = controls.len() + entry.grounding.len();
        if beside > 0 && !model.heeds_controls() {
            let name = &model.info().name;
            let message = format!("model {name} heeds no controls and no grounding of conditions");
            return Err(error::unsupported(message));
        }
        let condition = entry.condition.clone();
        Ok(Self {
            condition: match beside {
                0 => condition,
                _ => condition.with_beside(controls, entry.grounding.clone()),
            },
            latent: area.map_or_else(|| Ok(latent.clone()), |area| area.of(latent))?,
            area,
            weights: weights(entry, area.as_ref(), &Frame::of(latent)),
        })
    }

    /// Whether alone on its side it is the side's prediction as it is.
    #[allow(clippy::float_cmp)]
    pub fn is_whole(&self) -> bool {
        self.area.is_none() && matches!(self.weights, Weights::Even(1.0))
    }

    fn weight(&self, row: usize, at: usize) -> f64 {
        match &self.weights {
            Weights::Even(weight) => *weight,
            Weights::Uneven(rows) => rows[row % rows.len()][at],
        }
    }
}

/// The weights of an entry whose area is cut: those of its mask, else fading out towards the sides
/// of the area that lie within the latent.
fn weights(entry: &Placed, area: Option<&Cells>, frame: &Frame) -> Weights {
    let whole = Cells { x: 0, y: 0, width: frame.width as u64, height: frame.height as u64 };
    let area = area.unwrap_or(&whole);
    let places = || places(area, frame);
    match &entry.mask {
        Some(mask) => {
            let factor = entry.mask_strength * entry.strength;
            let weigh = |row: usize| {
                let row = mask.row(row);
                places().map(|at| f64::from(row[at]) * factor).collect()
            };
            Weights::Uneven((0..mask.rows().min(frame.batch)).map(weigh).collect())
        }
        None if *area == whole => Weights::Even(entry.strength),
        None => {
            let down = fade(area.y, area.height, whole.height);
            let along = fade(area.x, area.width, whole.width);
            let row =
                |down: &f64| along.iter().map(|along| entry.strength * down * along).collect();
            Weights::Uneven(vec![
                down.iter().flat_map(|down: &f64| -> Vec<f64> { row(down) }).collect(),
            ])
        }
    }
}

/// Where the values of a part lie in a plane, row by row.
#[allow(clippy::cast_possible_truncation)]
fn places(area: &Cells, frame: &Frame) -> impl Iterator<Item = usize> + use<> {
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(|at| at as usize);
    let plane = frame.width;
    (y..y + height).flat_map(move |row| (x..x + width).map(move |column| row * plane + column))
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

/// The weighted mean of a side's predictions at `latent`, one for each of its passes.
///
/// # Errors
/// `internal` where a model gave a prediction of another shape, `invalid_input` where no entry
/// counts at a place of a latent without noise.
pub(super) fn mean(
    passes: &[Evaluation],
    predictions: &[Tensor],
    latent: &Tensor,
    level: NoiseLevel,
    kind: PredictionKind,
) -> Result<Tensor> {
    let frame = Frame::of(latent);
    let given = latent.read()?;
    let mut read = Vec::new();
    for (pass, prediction) in passes.iter().zip(predictions) {
        if prediction.extents() != pass.latent.extents() {
            let (found, expected) = (prediction.extents(), pass.latent.extents());
            let message = format!("a model gave a prediction {found:?}, expected {expected:?}");
            return Err(Error::new(Code::Internal, message));
        }
        read.push((pass, prediction.read()?));
    }
    let whole = Cells { x: 0, y: 0, width: frame.width as u64, height: frame.height as u64 };
    let nothing = of_nothing(kind, level);
    let mut values = Vec::with_capacity(given.len());
    let (mut total, mut sum) = (vec![0.0; frame.plane()], vec![0.0; frame.plane()]);
    for row in 0..frame.batch {
        total.fill(0.0);
        for (pass, _) in &read {
            let area = pass.area.as_ref().unwrap_or(&whole);
            places(area, &frame).enumerate().for_each(|(i, at)| total[at] += pass.weight(row, i));
        }
        for channel in 0..frame.channels {
            let plane = row * frame.channels + channel;
            sum.fill(0.0);
            for (pass, prediction) in &read {
                let area = pass.area.as_ref().unwrap_or(&whole);
                let count = prediction.len() / (frame.batch * frame.channels);
                let part = &prediction[plane * count..(plane + 1) * count];
                for ((i, at), &value) in places(area, &frame).enumerate().zip(part) {
                    sum[at] += pass.weight(row, i) * f64::from(value);
                }
            }
            let given = &given[plane * frame.plane()..(plane + 1) * frame.plane()];
            for ((&sum, &total), &given) in sum.iter().zip(&total).zip(given) {
                values.push(side(sum, total, nothing * f64::from(given)));
            }
        }
    }
    if nothing.is_infinite() && values.iter().any(|value| !value.is_finite()) {
        let message = "found a latent without noise where no entry of a condition counts, expected \
                       one with noise";
        return Err(Error::invalid(message));
    }
    Tensor::from_f32(latent.device(), latent.extents(), values)
}

/// The mean of weighted predictions of this `sum` and `total` weight; `nothing` is the prediction
/// of a clean latent of 0.
#[allow(clippy::cast_possible_truncation)]
fn side(sum: f64, total: f64, nothing: f64) -> f32 {
    let divisor = total + NOTHING;
    let rest = 1.0 - total / divisor;
    let mean = sum / divisor;
    (if rest == 0.0 { mean } else { mean + rest * nothing }) as f32
}

/// The factor of a latent that gives the prediction of a clean latent of 0.
fn of_nothing(kind: PredictionKind, level: NoiseLevel) -> f64 {
    match kind {
        PredictionKind::Epsilon | PredictionKind::Flow => 1.0 / level.noise,
        PredictionKind::Velocity => level.signal / level.noise,
        PredictionKind::Sample => 0.0,
    }
}
