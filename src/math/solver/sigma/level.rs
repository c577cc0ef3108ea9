//! Where a walk is in its list of sigmas.

use super::Split;

/// A step: its place in the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    /// All sigmas of the walk, one more than steps.
    pub sigmas: &'a [f64],
    /// Which step, from 0.
    pub index: usize,
    /// Between these two sigmas, both included, SA-Solver adds noise; the larger one first.
    pub noisy: (f64, f64),
}

impl Step<'_> {
    /// The sigma that the step starts from.
    pub fn now(&self) -> f64 {
        self.at(0)
    }

    /// The sigma that the step leads to.
    pub fn next(&self) -> f64 {
        self.at(1)
    }

    /// The sigma `ahead` places after the step's start; the last one beyond the end.
    pub fn at(&self, ahead: usize) -> f64 {
        let last = self.sigmas.last();
        self.sigmas.get(self.index + ahead).or(last).copied().unwrap_or(0.0)
    }

    /// The sigma `back` places before the step's start; the first one before the beginning.
    pub fn before(&self, back: usize) -> f64 {
        self.sigmas.get(self.index.saturating_sub(back)).copied().unwrap_or(0.0)
    }

    /// The first sigma.
    pub fn first(&self) -> f64 {
        self.sigmas.first().copied().unwrap_or(0.0)
    }

    /// The last sigma.
    pub fn last(&self) -> f64 {
        self.sigmas.last().copied().unwrap_or(0.0)
    }

    /// How many steps the walk has.
    pub fn steps(&self) -> usize {
        self.sigmas.len().saturating_sub(1)
    }

    /// Whether the step ends on the clean latent.
    pub fn ends_clean(&self) -> bool {
        self.next() == 0.0
    }

    /// Steps in the logarithm: ln(now / next).
    pub fn stride(&self) -> f64 {
        log_ratio(self.now(), self.next())
    }

    /// The stride of the step `back` before this one.
    pub fn stride_before(&self, back: usize) -> f64 {
        log_ratio(self.before(back), self.before(back - 1))
    }

    /// The step's split, with noise or without.
    pub fn split(&self, noisy: bool) -> Split {
        Split::new(self.now(), self.next(), noisy)
    }
}

/// ln(high / low).
pub(super) fn log_ratio(high: f64, low: f64) -> f64 {
    libm::log(high) - libm::log(low)
}
