//! The noise levels that a model was trained at, as sigmas: noise over signal.
//!
//! Sigmas are float32 to the bit of what ComfyUI holds for the models in use, although they cross
//! as f64: alphas and sigmas are made in float64 and rounded once, logarithms likewise. Between the
//! levels the logarithm is interpolated, in float32 as there. A network is told the whole step of
//! the nearest logarithm.

use alloc::format;
use alloc::vec::Vec;

use crate::error::Error;

/// The last cumulative alpha of a table that was rescaled to end without signal.
const ZERO_SNR_ALPHA: f64 = 4.897_345_189_085_343_5e-8;
/// Sigma of a share of the schedule that nothing lies before.
pub const SIGMA_BEFORE_ALL: f64 = 999_999_999.9;

/// Sigmas of the training steps, rising.
#[derive(Clone, Debug, PartialEq)]
pub struct SigmaTable {
    sigmas: Vec<f32>,
    logs: Vec<f32>,
}

/// Cumulative alphas of betas whose square roots are evenly spaced from sqrt(`start`) to
/// sqrt(`end`) over `steps` training steps, in float64 (SD 1.x: 1000 steps, 0.00085 to 0.012).
pub fn scaled_linear_cumulative(steps: u32, start: f64, end: f64) -> Vec<f64> {
    let (start, end) = (libm::sqrt(start), libm::sqrt(end));
    let width = (end - start) / f64::from(steps.saturating_sub(1).max(1));
    let root = |step: u32| {
        if step < steps / 2 {
            start + width * f64::from(step)
        } else {
            end - width * f64::from(steps - 1 - step)
        }
    };
    let mut product = 1.0;
    let next = |step| {
        product *= 1.0 - root(step) * root(step);
        product
    };
    (0..steps).map(next).collect()
}

/// Cumulative alphas shifted and scaled so that the last one is almost 0 (2305.08891, algorithm 1):
/// 4.897e-8 stands for it, as sigmas must be finite.
pub fn zero_snr_cumulative(alphas: &[f64]) -> Vec<f64> {
    let (Some(&first), Some(&last)) = (alphas.first(), alphas.last()) else { return Vec::new() };
    let (first, last) = (libm::sqrt(first), libm::sqrt(last));
    let scaled = |&alpha: &f64| {
        let root = (libm::sqrt(alpha) - last) * (first / (first - last));
        root * root
    };
    let mut scaled: Vec<f64> = alphas.iter().map(scaled).collect();
    if let Some(end) = scaled.last_mut() {
        *end = ZERO_SNR_ALPHA;
    }
    scaled
}

#[allow(clippy::cast_possible_truncation)]
impl SigmaTable {
    /// The table of cumulative alphas, falling, each above 0 and below 1.
    ///
    /// Fails where there are none, or where one is out of range or not below the one before.
    pub fn new(alphas_cumprod: &[f64]) -> Result<Self, Error> {
        let mut before = 1.0;
        for &alpha in alphas_cumprod {
            if !(alpha > 0.0 && alpha < before) {
                let text = format!("cumulative alpha {alpha}, expected above 0 and below {before}");
                return Err(Error::invalid(text));
            }
            before = alpha;
        }
        if alphas_cumprod.is_empty() {
            return Err(Error::invalid("no cumulative alphas, expected at least one"));
        }
        let sigmas = alphas_cumprod.iter().map(|alpha| libm::sqrt((1.0 - alpha) / alpha));
        let sigmas: Vec<f64> = sigmas.collect();
        let logs = sigmas.iter().map(|&sigma| libm::log(sigma) as f32).collect();
        Ok(Self { sigmas: sigmas.iter().map(|&sigma| sigma as f32).collect(), logs })
    }

    /// How many training steps there are.
    pub fn steps(&self) -> usize {
        self.sigmas.len()
    }

    /// The sigma of a training step; that of the last one beyond the end.
    pub fn at(&self, step: usize) -> f64 {
        self.sigmas.get(step).or(self.sigmas.last()).map_or(0.0, |&sigma| sigma.into())
    }

    /// The smallest sigma.
    pub fn min(&self) -> f64 {
        self.at(0)
    }

    /// The largest sigma.
    pub fn max(&self) -> f64 {
        self.at(self.steps() - 1)
    }

    /// The training step whose sigma's logarithm is nearest, the lower one of two: what a network
    /// is told.
    pub fn timestep(&self, sigma: f64) -> u32 {
        let log = log32(sigma as f32);
        let above = self.logs.partition_point(|&known| known < log);
        let below = above.saturating_sub(1);
        let gap = |step: usize| self.logs.get(step).map_or(f32::INFINITY, |l| (log - l).abs());
        let nearest = if gap(below) <= gap(above) { below } else { above };
        let first =
            self.logs[..nearest].iter().rev().take_while(|&&l| (log - l).abs() == gap(nearest));
        (nearest - first.count()) as u32
    }

    /// The sigma at a timestep, 0 to the last training step; between two of them the logarithm is
    /// interpolated.
    pub fn sigma(&self, timestep: f64) -> f64 {
        let last = (self.steps() - 1) as f32;
        let timestep = (timestep as f32).clamp(0.0, last);
        let (low, high) = (libm::floorf(timestep), libm::ceilf(timestep));
        let share = timestep - low;
        let (low, high) = (self.logs[low as usize], self.logs[high as usize]);
        exp32((1.0 - share) * low + share * high).into()
    }

    /// The sigma that a share of the schedule has passed: 0 is the start, before all sigmas, 1 the
    /// end, where sigma is 0.
    pub fn percent_to_sigma(&self, percent: f64) -> f64 {
        if percent <= 0.0 {
            return SIGMA_BEFORE_ALL;
        }
        if percent >= 1.0 {
            return 0.0;
        }
        self.sigma((1.0 - percent) * 999.0)
    }

    /// Whether `sigma` is the largest one, or above: a sampling from there begins with noise alone.
    pub fn is_full(&self, sigma: f64) -> bool {
        let most = self.max();
        sigma > most || (most - sigma).abs() <= FULL * most.max(sigma)
    }
}

/// How far a first sigma may be from the largest one, relatively, and still count as it.
const FULL: f64 = 1e-5;

/// The logarithm in float32, rounded once.
#[allow(clippy::cast_possible_truncation)]
fn log32(value: f32) -> f32 {
    libm::log(value.into()) as f32
}

/// The exponential in float32, rounded once.
#[allow(clippy::cast_possible_truncation)]
fn exp32(value: f32) -> f32 {
    libm::exp(value.into()) as f32
}
