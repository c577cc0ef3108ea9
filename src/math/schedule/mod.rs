//! Noise tables, timestep spacings and the noise levels of a run.
//!
//! Tables hold float32 values, to the last bit what torch computes for the models in use: even
//! spacing is from both ends with fused multiply-add, products accumulate in float64 and round at
//! each entry. Cumulative alphas travel in float64: those of other tables are not rounded.
//! Spacings follow diffusers' schedulers. Refuses spacings that leave the table and timesteps that
//! do not fall.

mod beta;
mod run;
mod scheduler;
mod table;

use alloc::format;
use alloc::vec::Vec;
use core::f64::consts::FRAC_PI_2;

pub use self::run::{StepRange, run_sigmas};
pub use self::scheduler::{SCHEDULE_STEPS, Scheduler};
pub use self::table::{
    SIGMA_BEFORE_ALL, SigmaTable, scaled_linear_cumulative, zero_snr_cumulative,
};
use super::{NoiseLevel, Solver, sigmas, window::round_half_up};
use crate::error::{Code, Error};

/// Betas whose square roots are evenly spaced from sqrt(`start`) to sqrt(`end`), over `steps`
/// training steps (SD 1.x: 1000 steps, 0.00085 to 0.012).
pub fn scaled_linear_betas(steps: u32, start: f64, end: f64) -> Vec<f32> {
    let (start, end) = (libm::sqrt(start) as f32, libm::sqrt(end) as f32);
    let width = (end - start) / steps.saturating_sub(1).max(1) as f32;
    let root = |step: u32| {
        if step < steps / 2 {
            libm::fmaf(width, step as f32, start)
        } else {
            libm::fmaf(-width, (steps - 1 - step) as f32, end)
        }
    };
    (0..steps).map(|step| root(step) * root(step)).collect()
}

/// Cumulative alphas of the squared-cosine schedule (2102.09672): offset 0.008, each beta at most
/// 0.999; in float64 to the end, as the tiny family was trained with.
pub fn squared_cosine_alphas_cumprod(steps: u32) -> Vec<f64> {
    let bar = |step: u32| {
        let share = f64::from(step) / f64::from(steps);
        let cosine = libm::cos((share + 0.008) / 1.008 * FRAC_PI_2);
        cosine * cosine
    };
    let betas = (0..steps).map(|step| (1.0 - bar(step + 1) / bar(step)).min(0.999));
    betas
        .scan(1.0_f64, |product, beta| {
            *product *= 1.0 - beta;
            Some(f64::from(*product as f32))
        })
        .collect()
}

/// `1 - beta`, in float32.
pub fn alphas(betas: &[f32]) -> Vec<f32> {
    betas.iter().map(|beta| 1.0 - beta).collect()
}

/// The running product of the alphas, each rounded to float32.
pub fn alphas_cumprod(betas: &[f32]) -> Vec<f64> {
    products(betas).map(f64::from).collect()
}

fn products(betas: &[f32]) -> impl Iterator<Item = f32> {
    betas.iter().scan(1.0_f64, |product, beta| {
        *product *= f64::from(1.0 - beta);
        Some(*product as f32)
    })
}

/// Betas rescaled so that the last cumulative alpha is 0 (2305.08891, algorithm 1), in float32.
pub fn zero_terminal_snr(betas: &[f32]) -> Vec<f32> {
    let roots: Vec<f32> = products(betas).map(libm::sqrtf).collect();
    let (Some(&first), Some(&last)) = (roots.first(), roots.last()) else { return Vec::new() };
    let bars = roots.into_iter().map(|root| {
        let root = (root - last) * (first / (first - last));
        root * root
    });
    bars.scan(1.0_f32, |before, bar| {
        let beta = 1.0 - bar / *before;
        *before = bar;
        Some(beta)
    })
    .collect()
}

/// Which training steps a run visits; the same cases as `spacing` in `wit/standard-sampling.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spacing {
    /// As the model recommends.
    Native,
    /// Multiples of `training / steps` (whole), plus one; dpmpp-2m: of `training / (steps + 1)`,
    /// the lowest left out.
    Leading,
    /// `round(training - training i / steps) - 1`.
    Trailing,
    /// Evenly from the last training step to 0; dpmpp-2m: one more, the last left out.
    Linspace,
}

impl Spacing {
    /// The timesteps of `steps` steps over `training` training steps (0 for flow models), falling.
    /// `native` is asked where the model recommends. Halves round to even; Euler's `linspace` is
    /// left unrounded, as diffusers does it.
    pub fn timesteps(
        self,
        solver: Solver,
        steps: u32,
        training: u32,
        native: impl FnOnce(u32) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<f64>, Error> {
        if steps == 0 {
            return Err(Error::invalid("0 steps, expected at least 1").at("steps"));
        }
        if self == Self::Native {
            return native(steps);
        }
        if training == 0 {
            let text = "flow models have no training steps to space, expected native";
            return Err(Error::new(Code::Unsupported, text).at("spacing"));
        }
        let multistep = solver.is_multistep();
        let found = match self {
            Self::Leading => {
                let (parts, shift) = if multistep { (steps + 1, 1) } else { (steps, 0) };
                let stride = training / parts;
                let offset = shift * stride + 1;
                (0..steps).rev().map(|step| f64::from(stride * step + offset)).collect()
            }
            Self::Trailing => {
                let ratio = f64::from(training) / f64::from(steps);
                let at = |step| f64::from(training) - f64::from(step) * ratio;
                (0..steps).map(|step| libm::rint(at(step)) - 1.0).collect()
            }
            _ => linspace(solver, steps, training),
        };
        check(&found, training).map_err(|error| {
            let reason = error.message;
            Error::invalid(format!("found {steps} steps, expected fewer: {reason}")).at("steps")
        })?;
        Ok(found)
    }
}

fn linspace(solver: Solver, steps: u32, training: u32) -> Vec<f64> {
    let multistep = solver.is_multistep();
    let last = f64::from(training - 1);
    let parts = if multistep { steps } else { steps - 1 };
    if parts == 0 {
        return [last].into();
    }
    let width = last / f64::from(parts);
    let lowest = u32::from(multistep);
    let points = (lowest..=parts).rev().map(|point| {
        let at = if point == parts { last } else { f64::from(point) * width };
        if solver.takes_fractions() { at } else { libm::rint(at) }
    });
    points.collect()
}

fn check(timesteps: &[f64], training: u32) -> Result<(), Error> {
    let highest = if training == 0 { 1.0 } else { f64::from(training - 1) };
    if let Some(at) = timesteps.iter().find(|at| !(0.0..=highest).contains(*at)) {
        return Err(Error::invalid(format!("timestep {at}, expected 0 to {highest}")));
    }
    if let Some(pair) = timesteps.windows(2).find(|pair| pair[0] <= pair[1]) {
        return Err(Error::invalid(format!(
            "timestep {} after {}, expected falling ones",
            pair[1], pair[0]
        )));
    }
    Ok(())
}

/// The noise levels of a whole run, from the first step's to the one that the last step leads to.
#[derive(Clone, Debug)]
pub struct Schedule {
    alphas_cumprod: Vec<f64>,
    levels: Vec<NoiseLevel>,
    /// Noise over signal at each level.
    sigmas: Vec<f64>,
    /// Where networks are told whole training steps: those of this table.
    table: Option<SigmaTable>,
    /// Whether it begins with noise alone.
    full: bool,
}

impl Schedule {
    /// A run through `timesteps`, falling, that ends at the cumulative alpha `final_alpha`; flow
    /// ends at the clean latent. `alphas_cumprod` is empty for flow models.
    pub fn new(
        alphas_cumprod: Vec<f64>,
        timesteps: &[f64],
        final_alpha: f64,
    ) -> Result<Self, Error> {
        check(timesteps, alphas_cumprod.len() as u32)?;
        let last = if alphas_cumprod.is_empty() { 1.0 } else { final_alpha };
        let mut levels: Vec<_> = timesteps.iter().map(|&t| level(&alphas_cumprod, t)).collect();
        levels.push(NoiseLevel::variance_preserving(0.0, last));
        let flow = alphas_cumprod.is_empty();
        let sigma =
            |level: &NoiseLevel| if flow { level.noise } else { level.noise / level.signal };
        let sigmas = levels.iter().map(sigma).collect();
        Ok(Self { alphas_cumprod, levels, sigmas, table: None, full: true })
    }

    /// A run through `sigmas`, noise over signal, each at most the one before; the last one is
    /// where the last step ends, 0 at the clean latent. `alphas_cumprod` is empty for flow models.
    pub fn from_sigmas(alphas_cumprod: Vec<f64>, sigmas: &[f64]) -> Result<Self, Error> {
        sigmas::check(sigmas, alphas_cumprod.is_empty()).map_err(|error| error.at("sigmas"))?;
        let levels = sigmas.iter().map(|&sigma| sigmas::level(&alphas_cumprod, sigma)).collect();
        let full = sigmas.first().is_some_and(|&first| sigmas::is_full(&alphas_cumprod, first));
        Ok(Self { alphas_cumprod, levels, sigmas: sigmas.to_vec(), table: None, full })
    }

    /// A run through `sigmas` of a model with this table, which is told whole training steps: as
    /// ComfyUI's samplers have it.
    pub fn from_table(
        alphas_cumprod: Vec<f64>,
        table: SigmaTable,
        sigmas: &[f64],
    ) -> Result<Self, Error> {
        let mut schedule = Self::from_sigmas(alphas_cumprod, sigmas)?;
        schedule.full = sigmas.first().is_some_and(|&first| table.is_full(first));
        schedule.table = Some(table);
        schedule.levels = sigmas.iter().map(|&sigma| schedule.level(sigma)).collect();
        Ok(schedule)
    }

    /// The level of a sigma on the models' process, also between those of the schedule.
    pub fn level(&self, sigma: f64) -> NoiseLevel {
        let mut level = sigmas::level(&self.alphas_cumprod, sigma);
        if let Some(table) = &self.table {
            level.timestep = table.timestep(sigma).into();
        }
        level
    }

    /// The table of sigmas of the models.
    pub fn table(&self) -> Result<SigmaTable, Error> {
        self.table.clone().map_or_else(|| SigmaTable::new(&self.alphas_cumprod), Ok)
    }

    /// Cumulative alphas of the training steps; empty for flow models.
    pub fn alphas_cumprod(&self) -> &[f64] {
        &self.alphas_cumprod
    }

    /// Whether a run of its last `round(denoise * steps)` steps begins with noise alone.
    #[allow(clippy::float_cmp)]
    pub fn is_full(&self, denoise: f64) -> bool {
        self.full && denoise == 1.0
    }

    /// Whether a sigma is the largest of the process.
    pub fn is_largest(&self, sigma: f64) -> bool {
        match &self.table {
            Some(table) => table.is_full(sigma),
            None => sigmas::is_full(&self.alphas_cumprod, sigma),
        }
    }

    /// The levels of the last `round(denoise * steps)` steps, halves up: one more than steps.
    pub fn levels(&self, denoise: f64) -> &[NoiseLevel] {
        &self.levels[self.first(denoise)..]
    }

    /// Noise over signal at these levels; the time of a flow.
    pub fn sigmas(&self, denoise: f64) -> &[f64] {
        &self.sigmas[self.first(denoise)..]
    }

    fn first(&self, denoise: f64) -> usize {
        let steps = self.levels.len() - 1;
        let run = round_half_up(denoise * steps as f64) as usize;
        steps - run.min(steps)
    }
}

/// The level at a timestep of a process with these cumulative alphas; none for a flow.
///
/// Between two training steps sigma = noise / signal is interpolated, as k-diffusion does; beside a
/// step without signal, where it is infinite, the cumulative alpha.
pub fn level(alphas_cumprod: &[f64], timestep: f64) -> NoiseLevel {
    if alphas_cumprod.is_empty() {
        return NoiseLevel::flow(timestep);
    }
    let bar = |step: usize| alphas_cumprod[step.min(alphas_cumprod.len() - 1)];
    let below = libm::floor(timestep);
    let share = timestep - below;
    let (low, high) = (bar(below as usize), bar(below as usize + 1));
    if share == 0.0 {
        return NoiseLevel::variance_preserving(timestep, low);
    }
    let sigma = |bar: f64| libm::sqrt((1.0 - bar) / bar);
    let mixed = (1.0 - share) * sigma(low) + share * sigma(high);
    let between =
        if high > 0.0 { 1.0 / (1.0 + mixed * mixed) } else { (1.0 - share) * low + share * high };
    NoiseLevel::variance_preserving(timestep, between)
}
