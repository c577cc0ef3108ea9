//! The tiny family's forward process: the cosine schedule of Nichol and Dhariwal (2102.09672).

use std::f64::consts::FRAC_PI_2;

/// Training steps.
pub(super) const STEPS: usize = 1000;
/// The first timestep of every sampling schedule: above it the signal is all but gone.
const FIRST: f64 = 985.0;
/// The cosine's offset, which keeps the first betas from vanishing.
const OFFSET: f64 = 0.008;
const BETA_MAX: f64 = 0.999;

/// Cumulative alphas of the training steps, decreasing.
pub(super) fn alphas_cumprod() -> Vec<f32> {
    let cumulative = |step: usize| {
        let cosine = libm::cos((step as f64 / STEPS as f64 + OFFSET) / (1.0 + OFFSET) * FRAC_PI_2);
        cosine * cosine
    };
    let mut product = 1.0;
    let step = |step| {
        product *= 1.0 - (1.0 - cumulative(step + 1) / cumulative(step)).min(BETA_MAX);
        #[allow(clippy::cast_possible_truncation)]
        let rounded = product as f32;
        rounded
    };
    (0..STEPS).map(step).collect()
}

/// `steps` timesteps from 985 down to 0, evenly spaced, halves rounded to even; left unrounded
/// where there are more of them than whole numbers.
pub(super) fn timesteps(steps: u32) -> Vec<f64> {
    let gap = FIRST / f64::from(steps.saturating_sub(1).max(1));
    let at = |i| (FIRST - gap * f64::from(i)).max(0.0);
    (0..steps).map(|i| if gap < 1.0 { at(i) } else { at(i).round_ties_even() }).collect()
}
