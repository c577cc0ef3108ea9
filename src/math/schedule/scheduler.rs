//! The schedules of ComfyUI's KSampler: which sigmas a run of so many steps visits.
//!
//! Computed in float32 where the program does, so that most sigmas are its own to the bit: the
//! timestep that a network is told hangs on them. Sources: Karras et al. (2206.00364) for `karras`,
//! Lee et al. (2407.12173) for `beta`, Sabour et al. (2404.14507) for `kl_optimal`, genmo's
//! `linear_quadratic`.

use alloc::format;
use alloc::vec::Vec;

use super::SigmaTable;
use super::beta::beta_quantile;
use crate::error::{Code, Error};

/// Most steps of a schedule.
pub const SCHEDULE_STEPS: u32 = 10_000;
/// A table whose sigmas begin below this has its first level taken for the clean latent.
const CLEAN: f64 = 1e-5;

table! { ($)
    /// How sigmas are spread between a model's largest and smallest; names as in ComfyUI.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Scheduler in math, mirrored by schedulers {
        /// Every so many training steps, from the last.
        Simple = "simple",
        /// Evenly spaced timesteps of which the last is not run.
        SgmUniform = "sgm_uniform",
        /// Even in sigma^(1/7).
        Karras = "karras",
        /// Even in the logarithm of sigma.
        Exponential = "exponential",
        /// Every so many training steps, from the second; may have more steps than asked for.
        DdimUniform = "ddim_uniform",
        /// Timesteps at quantiles of a beta distribution; may have fewer steps.
        Beta = "beta",
        /// Evenly spaced timesteps from the last to the first.
        Normal = "normal",
        /// Half the steps for the first fortieth of the range, the rest quadratic.
        LinearQuadratic = "linear_quadratic",
        /// Even in the arc tangent of sigma.
        KlOptimal = "kl_optimal",
    }
}

#[allow(clippy::cast_possible_truncation)]
impl Scheduler {
    /// The schedule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheduler| scheduler.as_str() == name)
    }

    /// The sigmas of `steps` steps, falling, the last one 0. `ddim_uniform` may give more of them,
    /// `beta` fewer; `kl_optimal` with one step begins with a value that is no number.
    ///
    /// Fails where `steps` is 0 or above [`SCHEDULE_STEPS`].
    pub fn sigmas(self, table: &SigmaTable, steps: u32) -> Result<Vec<f64>, Error> {
        if !(1..=SCHEDULE_STEPS).contains(&steps) {
            let text = format!("{steps} steps, expected 1 to {SCHEDULE_STEPS}");
            return Err(Error::new(Code::LimitExceeded, text).at("steps"));
        }
        let mut sigmas = match self {
            Self::Simple => simple(table, steps),
            Self::SgmUniform => uniform(table, steps + 1, steps),
            Self::Karras => karras(table, steps),
            Self::Exponential => exponential(table, steps),
            Self::DdimUniform => ddim_uniform(table, steps),
            Self::Beta => beta(table, steps),
            Self::Normal if table.sigma(0.0) < CLEAN => {
                return Ok(uniform(table, steps + 1, steps + 1));
            }
            Self::Normal => uniform(table, steps, steps),
            Self::LinearQuadratic => linear_quadratic(table, steps),
            Self::KlOptimal => kl_optimal(table, steps),
        };
        sigmas.push(0.0);
        Ok(sigmas)
    }
}

fn simple(table: &SigmaTable, steps: u32) -> Vec<f64> {
    let stride = table.steps() as f64 / f64::from(steps);
    let back = |step: u32| (f64::from(step) * stride) as usize;
    (0..steps).map(|step| table.at(table.steps() - 1 - back(step))).collect()
}

/// The first `taken` of `count` evenly spaced timesteps, from the last to the first.
fn uniform(table: &SigmaTable, count: u32, taken: u32) -> Vec<f64> {
    let (start, end) = (table.timestep(table.max()), table.timestep(table.min()));
    let even = Even::new(start as f32, end as f32, count);
    (0..taken).map(|step| table.sigma(even.at(step).into())).collect()
}

fn karras(table: &SigmaTable, steps: u32) -> Vec<f64> {
    const RHO: f64 = 7.0;
    let root = |sigma: f64| libm::pow(sigma, 1.0 / RHO);
    let (most, least) = (root(table.max()), root(table.min()));
    let even = Even::new(0.0, 1.0, steps);
    let sigma = |step| {
        let root = most as f32 + even.at(step) * (least - most) as f32;
        f64::from(libm::pow(root.into(), RHO) as f32)
    };
    (0..steps).map(sigma).collect()
}

fn exponential(table: &SigmaTable, steps: u32) -> Vec<f64> {
    let log = |sigma: f64| libm::log(sigma) as f32;
    let even = Even::new(log(table.max()), log(table.min()), steps);
    (0..steps).map(|step| f64::from(libm::exp(even.at(step).into()) as f32)).collect()
}

fn ddim_uniform(table: &SigmaTable, steps: u32) -> Vec<f64> {
    let parts = if table.at(1) < CLEAN { steps + 1 } else { steps };
    let stride = (table.steps() / parts as usize).max(1);
    let mut sigmas: Vec<f64> = (1..table.steps()).step_by(stride).map(|at| table.at(at)).collect();
    sigmas.reverse();
    if table.at(1) < CLEAN {
        sigmas.pop();
    }
    sigmas
}

fn beta(table: &SigmaTable, steps: u32) -> Vec<f64> {
    let (last, width) = ((table.steps() - 1) as f64, 1.0 / f64::from(steps));
    let step = |at: u32| libm::rint(beta_quantile(1.0 - f64::from(at) * width) * last) as usize;
    let mut timesteps: Vec<usize> = (0..steps).map(step).collect();
    timesteps.dedup();
    timesteps.into_iter().map(|step| table.at(step)).collect()
}

/// What is left of the noise falls by 1/40 over the first half of the steps; the second half is the
/// parabola that goes on smoothly and ends at 0.
fn linear_quadratic(table: &SigmaTable, steps: u32) -> Vec<f64> {
    const LINEAR: f64 = 0.025;
    let most = table.max();
    let linear = steps / 2;
    if linear == 0 {
        return [most].into();
    }
    let (first, rest) = (f64::from(linear), f64::from(steps - linear));
    let slope = LINEAR / first;
    let bend = (1.0 - LINEAR - slope * rest) / (rest * rest);
    let left = |step: u32| {
        let beyond = f64::from(step.saturating_sub(linear));
        (1.0 - (slope * f64::from(step) + bend * beyond * beyond)) as f32
    };
    (0..steps).map(|step| f64::from(left(step) * most as f32)).collect()
}

fn kl_optimal(table: &SigmaTable, steps: u32) -> Vec<f64> {
    let angle = |sigma: f64| libm::atan(sigma) as f32;
    let (least, most) = (angle(table.min()), angle(table.max()));
    let sigma = |step: u32| {
        let share = step as f32 / (steps - 1) as f32;
        f64::from(libm::tan((share * least + (1.0 - share) * most).into()) as f32)
    };
    (0..steps).map(sigma).collect()
}

/// Values evenly spaced in float32, from both ends as torch does it.
struct Even {
    start: f32,
    end: f32,
    width: f32,
    count: u32,
}

impl Even {
    fn new(start: f32, end: f32, count: u32) -> Self {
        Self { start, end, width: (end - start) / count.saturating_sub(1).max(1) as f32, count }
    }

    fn at(&self, step: u32) -> f32 {
        if step < self.count / 2 || self.count == 1 {
            libm::fmaf(self.width, step as f32, self.start)
        } else {
            libm::fmaf(-self.width, (self.count - 1 - step) as f32, self.end)
        }
    }
}
