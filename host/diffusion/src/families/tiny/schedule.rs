//! The tiny family's forward process: the cosine schedule of Nichol and Dhariwal (2102.09672).

use amdm::math::schedule::squared_cosine_alphas_cumprod;

/// Training steps.
pub(super) const STEPS: u32 = 1000;
/// The first timestep of every sampling schedule: above it the signal is all but gone.
const FIRST: f64 = 985.0;

/// Cumulative alphas of the training steps, decreasing.
pub(super) fn alphas_cumprod() -> Vec<f64> {
    squared_cosine_alphas_cumprod(STEPS)
}

/// `steps` timesteps from 985 down to 0, evenly spaced, halves rounded to even; left unrounded
/// where there are more of them than whole numbers.
pub(super) fn timesteps(steps: u32) -> Vec<f64> {
    let gap = FIRST / f64::from(steps.saturating_sub(1).max(1));
    let at = |i| (FIRST - gap * f64::from(i)).max(0.0);
    (0..steps).map(|i| if gap < 1.0 { at(i) } else { at(i).round_ties_even() }).collect()
}
