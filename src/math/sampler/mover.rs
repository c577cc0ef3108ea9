//! How lanes' latents move through a step: a solver between two levels, or a sampler of ComfyUI's
//! that asks and is told.

use alloc::vec::Vec;

use super::Backend;
use crate::error::Error;
use crate::math::schedule::Schedule;
use crate::math::solver::sigma::{Memory, NoiseKind, Sampler, Supply, Walk};
use crate::math::solver::{Solver, Stepper};
use crate::math::{NoiseLevel, Tensor};

use super::Draw;

/// What moves latents.
pub(super) enum Mover<T> {
    /// A solver that takes one prediction a step.
    Levels(Stepper<T>),
    /// A sampler, with a walk a lane once its start is known.
    Sigmas(Walks<T>),
}

impl<T: Tensor> Mover<T> {
    /// For `lanes` lanes through `schedule`.
    pub fn new(
        solver: Solver,
        (eta, denoise): (f64, f64),
        lanes: u32,
        schedule: &Schedule,
    ) -> Result<Self, Error> {
        let Solver::Named(sampler) = solver else {
            return Ok(Self::Levels(Stepper::new(solver, eta, lanes)));
        };
        let table = schedule.table().map_err(|error| {
            let message = alloc::format!("sampler {}: {}", sampler.as_str(), error.message);
            Error { message, ..error }.at("sampler_name")
        })?;
        let sigmas = schedule.sigmas(denoise);
        let positive = sigmas.iter().copied().filter(|sigma| *sigma > 0.0);
        let (low, high) = positive
            .fold((f64::MAX, 0.0_f64), |(low, high), sigma| (low.min(sigma), high.max(sigma)));
        Ok(Self::Sigmas(Walks {
            sampler,
            noisy: (table.percent_to_sigma(0.2), table.percent_to_sigma(0.8)),
            span: (low.min(high), high),
            sigmas: sigmas.to_vec(),
            walks: Vec::new(),
        }))
    }

    /// The levels of its steps, one more than steps.
    pub fn levels(&self, schedule: &Schedule, denoise: f64) -> Vec<NoiseLevel> {
        match self {
            Self::Levels(_) => schedule.levels(denoise).to_vec(),
            Self::Sigmas(walks) => {
                let grid = walks.sampler.grid(&walks.sigmas);
                grid.into_iter().map(|sigma| schedule.level(sigma)).collect()
            }
        }
    }

    /// Whether it adds noise.
    pub fn stochastic(&self) -> bool {
        match self {
            Self::Levels(stepper) => stepper.stochastic(),
            Self::Sigmas(walks) => walks.sampler.noise() != NoiseKind::None,
        }
    }

    /// Whether it needs the unconditional prediction, whatever the guidance.
    pub fn needs_parts(&self) -> bool {
        matches!(self, Self::Sigmas(walks) if walks.sampler.needs_negative())
    }

    /// The sampler, where its steps are not those of the schedule.
    pub fn with_own_steps(&self) -> Option<Sampler> {
        match self {
            Self::Sigmas(walks) if !walks.sampler.keeps_steps() => Some(walks.sampler),
            _ => None,
        }
    }

    /// Whether a checkpoint between two steps holds all that it knows.
    pub fn can_resume(&self) -> bool {
        self.with_own_steps().is_none()
    }
}

/// A sampler's walks.
pub(super) struct Walks<T> {
    pub sampler: Sampler,
    noisy: (f64, f64),
    /// The smallest and the largest sigma above 0.
    pub span: (f64, f64),
    sigmas: Vec<f64>,
    walks: Vec<Walk<T>>,
}

impl<T: Tensor> Walks<T> {
    /// Begins the next lane's walk at step `step`, from its latent at `level` and what its sampler
    /// remembers.
    pub fn begin(
        &mut self,
        latent: &T,
        level: NoiseLevel,
        step: u32,
        memory: Memory<T>,
    ) -> Result<(), Error> {
        let latent = to_sigma(latent, level)?;
        let mut walk = Walk::new(self.sampler, &self.sigmas, self.noisy, latent.share())?;
        walk.resume(step as usize, latent, memory)?;
        self.walks.push(walk);
        Ok(())
    }

    /// A lane's walk.
    pub fn of(&mut self, lane: u32) -> &mut Walk<T> {
        &mut self.walks[lane as usize]
    }

    /// What the lane's sampler remembers.
    pub fn memory(&self, lane: u32) -> Memory<T> {
        self.walks.get(lane as usize).map_or_else(Memory::new, |walk| walk.memory().share())
    }

    /// Network calls until all lanes are done; none where they are not known before.
    pub fn calls_left(&self) -> Option<u32> {
        self.walks.iter().map(Walk::calls_left).max().flatten()
    }
}

/// A latent at `level` in sigma space, where it is `x0 + sigma epsilon`.
pub(super) fn to_sigma<T: Tensor>(latent: &T, level: NoiseLevel) -> Result<T, Error> {
    latent.affine(1.0 / level.signal, 0.0)
}

/// A latent in sigma space as the networks have it at `level`.
pub(super) fn from_sigma<T: Tensor>(latent: &T, level: NoiseLevel) -> Result<T, Error> {
    latent.affine(level.signal, 0.0)
}

/// What a lane's walk takes from the backend.
pub(super) struct Streams<'a, B: Backend> {
    pub backend: &'a mut B,
    pub lane: u32,
    pub shape: &'a [u32],
    pub span: (f64, f64),
    pub draws: &'a mut u32,
}

impl<B: Backend> Supply<B::Tensor> for Streams<'_, B> {
    fn draw(&mut self) -> Result<B::Tensor, Error> {
        *self.draws += 1;
        self.backend.noise(self.lane, self.shape, Draw::Step)
    }

    fn between(&mut self, from: f64, to: f64) -> Result<B::Tensor, Error> {
        self.backend.between(self.lane, self.shape, self.span, (from, to))
    }

    fn read(&mut self, tensor: &B::Tensor) -> Result<Vec<f64>, Error> {
        self.backend.read(tensor)
    }
}
