//! The network of the recordings: a formula in place of weights.

use amdm::math::{PredictionKind, Tensor};

use crate::data::{Constants, Latent};

/// The formula's value, computed in float64 and rounded once. `latent` is what a network sees.
pub fn pass(constants: Constants, latent: &Latent, timestep: u32, k: f64) -> Latent {
    let Constants { l, a, b, c, d } = constants;
    let (shape, x) = (latent.shape(), latent.values());
    let width = shape[3] as usize;
    let time = b * (f64::from(timestep) / 100.0).sin();
    let value = |at: usize| {
        let (row, column) = (at / width, at % width);
        let left = f64::from(x[row * width + (column + width - 1) % width]);
        let x = f64::from(x[at]);
        (l * x + a * (2.0 * x).sin() + time + c * k * (1.5 * x).cos() + d * left) as f32
    };
    Latent::new(&shape, (0..x.len()).map(value).collect())
}

/// What a model's name says of its predictions.
pub fn kind(model: &str) -> PredictionKind {
    if model.starts_with('v') { PredictionKind::Velocity } else { PredictionKind::Epsilon }
}
