//! DPM-Solver++ 2M (2211.01095, algorithm 2), midpoint form.
//!
//! With lambda = ln(a / s), h the step in lambda and D the clean latent:
//! `x_next = s_s/s_t x + a_s (1 - e^-h) (D + h / (2 h_before) (D - D_before))`. First order without
//! a history and at the last step, where s_s is 0.

use crate::error::Error;
use crate::math::{NoiseLevel, Tensor};

/// The clean latent of the step before, and where it was seen.
#[derive(Debug)]
pub struct Past<T> {
    /// The clean latent.
    pub denoised: T,
    /// ln(signal / noise) there.
    pub lambda: f64,
}

impl<T: Tensor> Past<T> {
    /// A second handle on the same values.
    pub fn share(&self) -> Self {
        Self { denoised: self.denoised.share(), lambda: self.lambda }
    }
}

fn lambda(level: NoiseLevel) -> f64 {
    libm::log(level.signal) - libm::log(level.noise)
}

/// Moves `input` to `next` and leaves this step in `past`.
pub(super) fn step<T: Tensor>(
    input: &T,
    denoised: T,
    now: NoiseLevel,
    next: NoiseLevel,
    past: Option<&mut Option<Past<T>>>,
) -> Result<T, Error> {
    let stride = lambda(next) - lambda(now);
    let keep = next.noise / now.noise;
    let add = -next.signal * libm::expm1(-stride);
    let before = past.as_ref().and_then(|past| past.as_ref());
    let moved = match before {
        Some(before) if next.noise > 0.0 && lambda(now) > before.lambda => {
            let bend = add * stride / (2.0 * (lambda(now) - before.lambda));
            T::linear_combination(&[
                (input, keep),
                (&denoised, add + bend),
                (&before.denoised, -bend),
            ])
        }
        _ => T::linear_combination(&[(input, keep), (&denoised, add)]),
    }?;
    if let Some(past) = past {
        *past = Some(Past { denoised, lambda: lambda(now) });
    }
    Ok(moved)
}
