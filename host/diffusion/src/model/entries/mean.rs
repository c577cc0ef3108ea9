//! The weighted mean of a side's predictions.
//!
//! It is one of clean latents, 0 where no entry counts. A prediction of any kind is affine in the
//! clean latent, so the mean of predictions is that wherever weights do not vanish.

use amdm::error::{Code, Error};
use amdm::math::{NoiseLevel, PredictionKind};

use super::evaluation::Evaluation;
use super::frame::Frame;
use crate::{Result, Tensor};

/// Keeps a mean finite where nothing weighs; too little to matter elsewhere.
const NOTHING: f64 = 1e-37;

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
    let nothing = of_nothing(kind, level);
    let mut values = Vec::with_capacity(given.len());
    let (mut total, mut sum) = (vec![0.0; frame.plane()], vec![0.0; frame.plane()]);
    for row in 0..frame.batch {
        total.fill(0.0);
        for (pass, _) in &read {
            let places = pass.area.places(&frame).enumerate();
            places.for_each(|(i, at)| total[at] += pass.weights.at(row, i));
        }
        for channel in 0..frame.channels {
            let plane = row * frame.channels + channel;
            sum.fill(0.0);
            for (pass, prediction) in &read {
                let count = prediction.len() / (frame.batch * frame.channels);
                let part = &prediction[plane * count..(plane + 1) * count];
                for ((i, at), &value) in pass.area.places(&frame).enumerate().zip(part) {
                    sum[at] += pass.weights.at(row, i) * f64::from(value);
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
