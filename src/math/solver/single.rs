//! One-step solvers: DDIM with eta, and Euler, which is the same step in sigma space.
//!
//! `x_next = a_s x0 + sqrt(s_s^2 - sigma^2) epsilon + sigma z` with sigma = eta times the
//! posterior's deviation. Euler ancestral's `sigma_up` is that deviation over a_s, and a rectified
//! flow's Euler step is the case eta 0. Source: DDIM (2010.02502), equation 12.

use super::Form;
use crate::math::NoiseLevel;

/// Factors of the input and of the prediction in `form`; what they leave is `sigma` of noise.
pub(super) fn factors(form: Form, now: NoiseLevel, next: NoiseLevel, sigma: f64) -> (f64, f64) {
    let direction = libm::sqrt((next.noise * next.noise - sigma * sigma).max(0.0));
    match form {
        Form::Epsilon => {
            let keep = next.signal / now.signal;
            (keep, direction - keep * now.noise)
        }
        Form::Denoised => {
            let keep = direction / now.noise;
            (keep, next.signal - keep * now.signal)
        }
    }
}
