//! Schedules that come from outside as sigmas: noise over signal, as k-diffusion counts it.
//!
//! On a variance-preserving process `signal = 1 / sqrt(1 + sigma^2)`; a rectified flow's sigma is
//! its time, `signal = 1 - sigma`. A network is told the timestep at which its own table has the
//! sigma, a fraction between two training steps.

use alloc::format;

use super::NoiseLevel;
use crate::error::Error;

/// How far a sigma may be from that of a training step, relatively, and still be told that step:
/// tables pass through float32 on their way.
const WHOLE: f64 = 5e-5;
/// How far the first sigma may be below the largest one, relatively, and still begin with noise
/// alone.
const FULL: f64 = 1e-5;
/// Most sigmas: one more than the steps that they bound.
const SIGMAS_MAX: usize = 10_001;

/// Refuses sigmas that are no numbers, that rise, or that the process does not have.
pub(super) fn check(sigmas: &[f64], flow: bool) -> Result<(), Error> {
    if sigmas.is_empty() || sigmas.len() > SIGMAS_MAX {
        let found = sigmas.len();
        return Err(Error::invalid(format!("{found} sigmas, expected 1 to {SIGMAS_MAX}")));
    }
    let most = if flow { 1.0 } else { f64::MAX };
    if let Some(found) = sigmas.iter().find(|sigma| !(0.0..=most).contains(*sigma)) {
        let expected = if flow { "0 to 1, as the models are flows" } else { "0 or more" };
        return Err(Error::invalid(format!("sigma {found}, expected {expected}")));
    }
    if let Some(pair) = sigmas.windows(2).find(|pair| pair[0] < pair[1]) {
        let (before, found) = (pair[0], pair[1]);
        return Err(Error::invalid(format!("sigma {found} after {before}, expected falling ones")));
    }
    Ok(())
}

/// The level of a sigma on a process with these cumulative alphas; none for a flow.
pub(super) fn level(alphas_cumprod: &[f64], sigma: f64) -> NoiseLevel {
    if alphas_cumprod.is_empty() {
        return NoiseLevel::flow(sigma);
    }
    let signal = 1.0 / libm::sqrt(1.0 + sigma * sigma);
    NoiseLevel { timestep: timestep(alphas_cumprod, sigma), signal, noise: sigma * signal }
}

/// Whether nothing of a clean latent is left at this sigma.
pub(super) fn is_full(alphas_cumprod: &[f64], sigma: f64) -> bool {
    let largest = match alphas_cumprod.last() {
        Some(&alpha) => of(alpha),
        None => 1.0,
    };
    sigma >= largest * (1.0 - FULL)
}

/// The sigma of a cumulative alpha; infinite without signal.
fn of(alpha: f64) -> f64 {
    libm::sqrt((1.0 - alpha) / alpha)
}

/// The timestep at which the table has `sigma`: the inverse of
/// [`schedule::level`](super::schedule::level). Sigmas beyond its ends have those of its ends.
fn timestep(alphas_cumprod: &[f64], sigma: f64) -> f64 {
    let last = alphas_cumprod.len() - 1;
    let above = alphas_cumprod.partition_point(|&alpha| of(alpha) <= sigma);
    if above == 0 || above > last {
        return if above == 0 { 0.0 } else { last as f64 };
    }
    let (low, high) = (of(alphas_cumprod[above - 1]), of(alphas_cumprod[above]));
    if sigma - low <= WHOLE * sigma {
        return (above - 1) as f64;
    }
    if high - sigma <= WHOLE * sigma {
        return above as f64;
    }
    let below = (above - 1) as f64;
    if high.is_finite() {
        return below + (sigma - low) / (high - low);
    }
    // Beside a step without signal the cumulative alpha is what is interpolated.
    let (low, alpha) = (alphas_cumprod[above - 1], 1.0 / (1.0 + sigma * sigma));
    below + (low - alpha) / low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::schedule::{self, alphas_cumprod, scaled_linear_betas, zero_terminal_snr};

    fn sigma(level: NoiseLevel) -> f64 {
        level.noise / level.signal
    }

    #[test]
    fn timesteps_and_sigmas_lead_to_each_other() {
        let betas = scaled_linear_betas(1000, 0.00085, 0.012);
        for alphas in [alphas_cumprod(&betas), alphas_cumprod(&zero_terminal_snr(&betas))] {
            for timestep in [0.0, 0.25, 1.0, 17.5, 500.0, 731.125, 997.5, 998.0, 998.75] {
                let there = schedule::level(&alphas, timestep);
                let back = level(&alphas, sigma(there));
                assert!((back.timestep - timestep).abs() < 1e-6, "{timestep}: {back:?}");
                assert!((back.signal - there.signal).abs() < 1e-12, "{timestep}: {back:?}");
                assert!((back.noise - there.noise).abs() < 1e-12, "{timestep}: {back:?}");
            }
        }
    }

    #[test]
    fn sigmas_in_float32_are_told_whole_steps() {
        let alphas = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
        for step in 0..1000_u32 {
            let rounded = f64::from(of(alphas[step as usize]) as f32);
            assert_eq!(timestep(&alphas, rounded), f64::from(step));
        }
    }

    #[test]
    fn sigmas_beyond_the_table_are_told_its_ends() {
        let alphas = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
        let far = level(&alphas, 80.0);
        assert_eq!((far.timestep, (sigma(far) - 80.0).abs() < 1e-9), (999.0, true));
        assert_eq!(level(&alphas, 0.001).timestep, 0.0);
        assert_eq!(level(&alphas, 0.0), NoiseLevel { timestep: 0.0, signal: 1.0, noise: 0.0 });
        assert!(is_full(&alphas, 14.6146) && !is_full(&alphas, 14.6));
    }

    #[test]
    fn a_flow_is_at_the_time_of_its_sigma() {
        assert_eq!(level(&[], 0.75), NoiseLevel { timestep: 0.75, signal: 0.25, noise: 0.75 });
        assert!(is_full(&[], 1.0) && !is_full(&[], 0.999));
    }

    #[test]
    fn sigmas_that_make_no_schedule_are_refused() {
        let text = |sigmas: &[f64], flow| {
            check(sigmas, flow).err().map(|error| error.message).unwrap_or_default()
        };
        assert_eq!(text(&[], false), "0 sigmas, expected 1 to 10001");
        assert_eq!(text(&[0.0; 10_002], false), "10002 sigmas, expected 1 to 10001");
        assert_eq!(text(&[f64::NAN], false), "sigma NaN, expected 0 or more");
        assert_eq!(text(&[2.0, -1.0], false), "sigma -1, expected 0 or more");
        assert_eq!(text(&[2.0], true), "sigma 2, expected 0 to 1, as the models are flows");
        assert_eq!(text(&[2.0, 3.0], false), "sigma 3 after 2, expected falling ones");
        assert!(check(&[2.0, 1.0, 1.0, 0.0], false).is_ok());
    }
}
