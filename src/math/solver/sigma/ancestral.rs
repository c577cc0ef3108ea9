//! The split of a step into a shorter step and fresh noise, as k-diffusion's ancestral samplers do.

/// Where the deterministic part of a step goes, and how much noise brings it back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    /// The sigma that the step goes down to.
    pub down: f64,
    /// Deviation of the noise that is then added: `down^2 + up^2` is the sigma aimed at, squared.
    pub up: f64,
}

impl Split {
    /// Between `now` and the lower `next`, with as much noise as the posterior has.
    pub fn full(now: f64, next: f64) -> Self {
        let variance = next * next * (now * now - next * next) / (now * now);
        let up = libm::sqrt(variance.max(0.0)).min(next);
        Self { down: libm::sqrt((next * next - up * up).max(0.0)), up }
    }

    /// Straight to `next`, without noise.
    pub fn none(next: f64) -> Self {
        Self { down: next, up: 0.0 }
    }

    /// One of the two.
    pub fn new(now: f64, next: f64, noisy: bool) -> Self {
        if noisy { Self::full(now, next) } else { Self::none(next) }
    }
}
