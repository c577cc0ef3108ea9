//! Which part of a schedule a run visits: KSampler's denoise, KSamplerAdvanced's range of steps.

use alloc::format;
use alloc::vec::Vec;

use super::{SCHEDULE_STEPS, Scheduler, SigmaTable};
use crate::error::{Code, Error};

/// A share of denoising above this is all of it.
const WHOLE: f64 = 0.9999;

/// The steps of a schedule that are run, as KSamplerAdvanced cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRange {
    /// The first step that is run.
    pub start: u32,
    /// The first that is not.
    pub end: u32,
    /// Whether the last step ends where it would in the whole schedule; otherwise a cut schedule
    /// ends on the clean latent.
    pub leftover: bool,
}

impl StepRange {
    /// All steps.
    pub const ALL: Self = Self { start: 0, end: u32::MAX, leftover: false };

    /// The part of `sigmas` that is run; empty where nothing is, and the latent stays as it is.
    fn cut(self, mut sigmas: Vec<f64>) -> Vec<f64> {
        let (start, end) = (self.start as usize, self.end as usize);
        if end < sigmas.len().saturating_sub(1) {
            sigmas.truncate(end + 1);
            if let Some(last) = sigmas.last_mut().filter(|_| !self.leftover) {
                *last = 0.0;
            }
        }
        if start >= sigmas.len().saturating_sub(1) {
            return Vec::new();
        }
        sigmas.split_off(start)
    }
}

/// The sigmas of a run of `steps` steps, one more than steps; empty where nothing is sampled.
///
/// `denoise`, 0 to 1, runs the last `steps` steps of a schedule of `steps / denoise` steps (whole).
/// `discard` leaves the last sigma but one out of a schedule of one more step, as the samplers
/// `dpm_2`, `dpm_2_ancestral`, `uni_pc` and `uni_pc_bh2` have it.
///
/// Fails where `steps` is 0, or where there would be more than [`SCHEDULE_STEPS`].
pub fn run_sigmas(
    table: &SigmaTable,
    scheduler: Scheduler,
    (steps, denoise): (u32, f64),
    range: StepRange,
    discard: bool,
) -> Result<Vec<f64>, Error> {
    if denoise.is_nan() {
        return Err(Error::invalid("not a number, expected 0 to 1").at("denoise"));
    }
    if denoise <= 0.0 {
        return Ok(Vec::new());
    }
    let all = if denoise > WHOLE { f64::from(steps) } else { f64::from(steps) / denoise };
    if all >= f64::from(SCHEDULE_STEPS) {
        let text = format!("{steps} steps of {all}, expected fewer than {SCHEDULE_STEPS} in all");
        return Err(Error::new(Code::LimitExceeded, text).at("steps"));
    }
    let mut sigmas = scheduler.sigmas(table, all as u32 + u32::from(discard))?;
    if discard && sigmas.len() > 1 {
        sigmas.remove(sigmas.len() - 2);
    }
    if denoise <= WHOLE {
        let taken = (steps as usize + 1).min(sigmas.len());
        sigmas.drain(..sigmas.len() - taken);
    }
    Ok(range.cut(sigmas))
}
