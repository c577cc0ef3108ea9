//! The forward process `x = a x0 + s epsilon` in affine form: conversions and the posterior.
//!
//! Covers variance-preserving processes (a^2 + s^2 = 1), variance-exploding ones (a = 1) and
//! rectified flow (a = 1 - t, s = t). The posterior mean is in clean-latent form, which stays
//! finite where a is 0. Source: DDPM (2006.11239) generalised to two noise levels; the fixture
//! `amdm_variants_derived` holds its values.

use super::{NoiseLevel, PredictionKind, Tensor};
use crate::error::Error;

/// `input * x_t + denoised * x0` is the mean of x at the later level, `sigma` its deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posterior {
    /// Factor of the latent that enters the step.
    pub input: f64,
    /// Factor of the clean latent.
    pub denoised: f64,
    /// Standard deviation of each element.
    pub sigma: f64,
}

impl NoiseLevel {
    /// A variance-preserving level of cumulative alpha `alpha_cumprod`.
    pub fn variance_preserving(timestep: f64, alpha_cumprod: f64) -> Self {
        let noise = libm::sqrt((1.0 - alpha_cumprod).max(0.0));
        Self { timestep, signal: libm::sqrt(alpha_cumprod.max(0.0)), noise }
    }

    /// A rectified flow's level at time `t` in [0, 1].
    pub fn flow(t: f64) -> Self {
        Self { timestep: t, signal: 1.0 - t, noise: t }
    }

    /// Deviation of a latent whose clean values have unit variance: 1 where variance is preserved.
    pub fn scale(&self) -> f64 {
        libm::sqrt(self.signal * self.signal + self.noise * self.noise)
    }

    /// Factors (of x, of the value) that give epsilon from a prediction of `kind`; none where the
    /// level does not determine it.
    pub fn epsilon_factors(&self, kind: PredictionKind) -> Option<(f64, f64)> {
        let Self { signal, noise, .. } = *self;
        match kind {
            PredictionKind::Epsilon => Some((0.0, 1.0)),
            PredictionKind::Velocity => Some((noise, signal)),
            PredictionKind::Sample if noise == 0.0 => None,
            PredictionKind::Sample => Some((1.0 / noise, -signal / noise)),
            PredictionKind::Flow => Some((1.0 / (signal + noise), signal / (signal + noise))),
        }
    }

    /// Factors (of x, of the value) that give the clean latent from a prediction of `kind`; none
    /// where the level does not determine it.
    pub fn denoised_factors(&self, kind: PredictionKind) -> Option<(f64, f64)> {
        let Self { signal, noise, .. } = *self;
        match kind {
            PredictionKind::Epsilon if signal == 0.0 => None,
            PredictionKind::Epsilon => Some((1.0 / signal, -noise / signal)),
            PredictionKind::Velocity => Some((signal, -noise)),
            PredictionKind::Sample => Some((0.0, 1.0)),
            PredictionKind::Flow => Some((1.0 / (signal + noise), -noise / (signal + noise))),
        }
    }
}

/// The posterior p(x at `next` | x at `now`, x0). `now.noise` must be above 0.
pub fn posterior(now: NoiseLevel, next: NoiseLevel) -> Posterior {
    let stride = now.signal / next.signal;
    let (variance, earlier) = (now.noise * now.noise, next.noise * next.noise);
    let added = (variance - stride * stride * earlier).max(0.0);
    Posterior {
        input: stride * earlier / variance,
        denoised: next.signal * added / variance,
        sigma: libm::sqrt(added) * next.noise / now.noise,
    }
}

/// The posterior mean of a lane that sees `denoised` in `input`.
pub fn posterior_mean<T: Tensor>(
    input: &T,
    denoised: &T,
    now: NoiseLevel,
    next: NoiseLevel,
) -> Result<T, Error> {
    let posterior = posterior(now, next);
    T::linear_combination(&[(input, posterior.input), (denoised, posterior.denoised)])
}
