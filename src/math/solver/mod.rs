//! Solvers: how a latent moves from one noise level to the next.
//!
//! All of them carry latents as `x = a x0 + s epsilon` with the process's own signal a and noise s;
//! k-diffusion's sigma space is the same up to scale: sigma = s / a, and its latent is x / a, which
//! is `x * sqrt(1 + sigma^2)` on a variance-preserving process. So networks get x as it is, lanes
//! see one process whatever the solver, and merging is scale-equivariant anyway. Sources: DDIM
//! (2010.02502), k-diffusion's Euler samplers, DPM-Solver++ 2M (2211.01095, algorithm 2). [`sigma`]
//! has ComfyUI's samplers.

mod multistep;
pub mod sigma;
mod single;

use alloc::vec::Vec;

pub use self::multistep::Past;
use self::sigma::Sampler;
use super::{NoiseLevel, Part, StepContext, Tensor, process};
use crate::error::Error;

/// The solvers on offer; the same cases as `solver` in `wit/standard-sampling.wit`, and
/// those of ComfyUI's KSampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Solver {
    /// DDIM with eta: 0 deterministic, 1 the posterior's deviation.
    Ddim,
    /// Euler in sigma space: DDIM with eta 0 that always ends on the clean latent.
    Euler,
    /// Euler with fresh noise: DDIM with eta that always ends on the clean latent.
    EulerAncestral,
    /// DPM-Solver++ with two steps, midpoint form, first order at the last step.
    Dpmpp2m,
    /// One of ComfyUI's samplers, in sigma space; for variance-preserving models.
    Named(Sampler),
}

impl Solver {
    /// The eta it runs with when asked for `eta`: 0 for the deterministic ones.
    pub fn eta(self, eta: f64) -> f64 {
        match self {
            Self::Ddim | Self::EulerAncestral => eta,
            Self::Euler | Self::Dpmpp2m | Self::Named(_) => 0.0,
        }
    }

    /// The cumulative alpha that the last step goes to, for a model that recommends `model` (with
    /// DDIM): the others end on the clean latent.
    pub fn final_alpha(self, model: f64) -> f64 {
        match self {
            Self::Ddim => model,
            Self::Euler | Self::EulerAncestral | Self::Dpmpp2m | Self::Named(_) => 1.0,
        }
    }

    /// Whether it goes on from what it remembers of the steps before.
    pub fn is_multistep(self) -> bool {
        match self {
            Self::Dpmpp2m => true,
            Self::Ddim | Self::Euler | Self::EulerAncestral | Self::Named(_) => false,
        }
    }

    /// Whether evenly spaced timesteps stay fractions for it; others round them.
    pub fn takes_fractions(self) -> bool {
        match self {
            Self::Euler | Self::EulerAncestral | Self::Named(_) => true,
            Self::Ddim | Self::Dpmpp2m => false,
        }
    }
}

/// Which form of a prediction a step reads; the one that needs no conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The noise in the input; needs a signal above 0.
    Epsilon,
    /// The clean latent.
    Denoised,
}

/// A solver's state over one sampling, one history a lane.
#[derive(Debug)]
pub struct Stepper<T> {
    solver: Solver,
    eta: f64,
    past: Vec<Option<Past<T>>>,
}

impl<T: Tensor> Stepper<T> {
    /// A solver for `lanes` lanes; `eta` 0 to 1, which deterministic solvers ignore.
    pub fn new(solver: Solver, eta: f64, lanes: u32) -> Self {
        Self { solver, eta: solver.eta(eta), past: (0..lanes).map(|_| None).collect() }
    }

    /// Whether it adds noise.
    pub fn stochastic(&self) -> bool {
        self.eta > 0.0
    }

    /// Standard deviation of the noise that a step adds; 0 means that none is to be drawn.
    pub fn sigma(&self, now: NoiseLevel, next: NoiseLevel) -> f64 {
        if self.eta > 0.0 { self.eta * process::posterior(now, next).sigma } else { 0.0 }
    }

    /// Drops the lane's history, as where its latent was replaced.
    pub fn forget(&mut self, lane: u32) {
        if let Some(past) = self.past.get_mut(lane as usize) {
            *past = None;
        }
    }

    /// What it remembers of the lane.
    pub fn past(&self, lane: u32) -> Option<&Past<T>> {
        self.past.get(lane as usize)?.as_ref()
    }

    /// Has it remember `past` of the lane.
    pub fn set_past(&mut self, lane: u32, past: Option<Past<T>>) {
        if let Some(held) = self.past.get_mut(lane as usize) {
            *held = past;
        }
    }

    /// The lane's latent at level `next`, from its input and guided prediction at level `now`, read
    /// in `form`. `noise` is a unit normal draw; without it, the result is the mean.
    pub fn step<C: StepContext<Tensor = T>>(
        &mut self,
        context: &C,
        lane: u32,
        (now, next): (NoiseLevel, NoiseLevel),
        form: Form,
        noise: Option<&T>,
    ) -> Result<T, Error> {
        let input = context.input(lane)?;
        if self.solver.is_multistep() {
            let denoised = context.denoised(lane, Part::Guided)?;
            let past = self.past.get_mut(lane as usize);
            return multistep::step(&input, denoised, now, next, past);
        }
        let sigma = self.sigma(now, next);
        let prediction = match form {
            Form::Epsilon => context.epsilon(lane, Part::Guided)?,
            Form::Denoised => context.denoised(lane, Part::Guided)?,
        };
        let (keep, add) = single::factors(form, now, next, sigma);
        let terms = [(&input, keep), (&prediction, add)];
        match noise {
            Some(noise) if sigma > 0.0 => {
                T::linear_combination(&[terms[0], terms[1], (noise, sigma)])
            }
            _ => T::linear_combination(&terms),
        }
    }
}
