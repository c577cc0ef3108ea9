//! One latent's way through the sigmas, question by question.

use alloc::format;
use alloc::vec::Vec;

use super::answer::combine;
use super::dpm_adaptive::Progress;
use super::{Answer, Ask, Call, Memory, Next, Sampler, Step, Supply, Told};
use crate::error::{Code, Error};
use crate::math::Tensor;

/// A noisy range of sigmas that holds all of them.
pub const NOISE_ALWAYS: (f64, f64) = (f64::INFINITY, 0.0);
/// Most sigmas: one more than the steps that they bound.
const SIGMAS_MAX: usize = 10_001;

/// A sampling of one latent, between two questions.
#[derive(Debug)]
pub struct Walk<T> {
    sampler: Sampler,
    sigmas: Vec<f64>,
    /// Steps of the list that it was given.
    given: usize,
    noisy: (f64, f64),
    index: usize,
    stage: u32,
    latent: T,
    /// What is asked about where it is not the latent.
    asked: Option<(T, f64)>,
    memory: Memory<T>,
    kept: Vec<T>,
    progress: Progress,
}

impl<T: Tensor> Walk<T> {
    /// A walk of `latent`, which is at `sigmas[0]`, to the last of them; with fewer than two it
    /// stays where it is. `noisy` is the range of sigmas, the larger first, in which `sa_solver`
    /// and `sa_solver_pece` add noise: those of the shares 0.2 and 0.8 of the model's schedule.
    ///
    /// Fails where a sigma is no number, negative, or above the one before, and where there are
    /// more than 10,001.
    pub fn new(
        sampler: Sampler,
        sigmas: &[f64],
        noisy: (f64, f64),
        latent: T,
    ) -> Result<Self, Error> {
        check(sigmas)?;
        let grid = sampler.grid(sigmas);
        let progress = Progress::new(grid.first().copied().unwrap_or(0.0));
        Ok(Self {
            sampler,
            sigmas: grid,
            given: sigmas.len().saturating_sub(1),
            noisy,
            index: 0,
            stage: 0,
            latent,
            asked: None,
            memory: Memory::new(),
            kept: Vec::new(),
            progress,
        })
    }

    /// What the network is to be asked; none at the end.
    pub fn ask(&self) -> Option<Ask<'_, T>> {
        if self.is_done() {
            return None;
        }
        Some(match &self.asked {
            Some((latent, sigma)) => Ask { latent, sigma: *sigma },
            None => Ask { latent: &self.latent, sigma: self.sigmas[self.index] },
        })
    }

    /// Goes on with the network's answer to [`ask`](Self::ask).
    ///
    /// Fails at the end, where the sampler needs a prediction that is not there, and with whatever
    /// the tensors and the caller's `supply` fail with. After an error the walk is of no use.
    pub fn tell(
        &mut self,
        answer: Answer<T>,
        supply: &mut dyn Supply<T>,
    ) -> Result<Told<T>, Error> {
        if self.is_done() {
            let text = format!("an answer after all {} steps", self.steps());
            return Err(Error::new(Code::Internal, text));
        }
        let step = Step { sigmas: &self.sigmas, index: self.index, noisy: self.noisy };
        let call = Call {
            stage: self.stage,
            start: &self.latent,
            asked: self.asked.as_ref().map_or(&self.latent, |(latent, _)| latent),
            denoised: answer.denoised,
            negative: answer.negative,
            kept: &mut self.kept,
        };
        let (memory, progress) = (&mut self.memory, &mut self.progress);
        match self.sampler.advance(&step, call, memory, progress, self.given, supply)? {
            Next::Ask { latent, sigma } => {
                self.asked = Some((latent, sigma));
                self.stage += 1;
                Ok(Told::Asks)
            }
            Next::Done { mean, noise } => {
                let (latent, deviation) = match noise {
                    Some((noise, deviation)) => {
                        (combine(&[(&mean, 1.0), (&noise, deviation)])?, deviation)
                    }
                    None => (mean.share(), 0.0),
                };
                self.begin(self.index + 1, latent);
                Ok(Told::Stepped { mean, deviation })
            }
        }
    }

    /// Puts the walk at the start of step `index`.
    fn begin(&mut self, index: usize, latent: T) {
        self.index = index;
        self.latent = latent;
        self.stage = 0;
        self.asked = None;
        self.kept.clear();
    }

    /// Whether no question is left.
    pub fn is_done(&self) -> bool {
        self.index >= self.steps()
    }

    /// The step that it is in, from 0; [`steps`](Self::steps) at the end.
    pub fn step(&self) -> usize {
        self.index
    }

    /// Whether it is between two steps, where a checkpoint holds all of it.
    pub fn is_between(&self) -> bool {
        self.stage == 0
    }

    /// How many steps there are: as many as the list's, but one for `dpm_adaptive`, and for
    /// `dpm_fast` a third as many.
    pub fn steps(&self) -> usize {
        self.sigmas.len().saturating_sub(1)
    }

    /// The sigmas of its steps, one more than steps.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// The latent at the step's start, in sigma space; at the end the result.
    pub fn latent(&self) -> &T {
        &self.latent
    }

    /// What it remembers of the steps before.
    pub fn memory(&self) -> &Memory<T> {
        &self.memory
    }

    /// Network calls from here to the end; none where they are not known before.
    pub fn calls_left(&self) -> Option<u32> {
        let calls = |index| {
            let step = Step { sigmas: &self.sigmas, index, noisy: self.noisy };
            self.sampler.calls(&step, self.given)
        };
        let all: Option<u32> = (self.index..self.steps()).map(calls).sum();
        Some(all?.saturating_sub(self.stage))
    }

    /// Replaces the latent, as operators between steps do; what is remembered was about another one
    /// and is forgotten. A step that was begun begins anew.
    pub fn replace(&mut self, latent: T) {
        self.memory = Memory::new();
        self.begin(self.index, latent);
    }

    /// Goes on from a checkpoint: before step `step`, with the latent and the memory that the walk
    /// had there.
    ///
    /// Fails where there is no such step or a tensor has another shape.
    pub fn resume(&mut self, step: usize, latent: T, memory: Memory<T>) -> Result<(), Error> {
        if step > self.steps() {
            let text = format!("step {step} of a checkpoint, expected 0 to {}", self.steps());
            return Err(Error::invalid(text));
        }
        let shape = self.latent.shape();
        let tensors = memory.tensors.iter().chain([&latent]);
        if let Some(found) = tensors.map(T::shape).find(|found| *found != shape) {
            let text = format!("a checkpoint's tensor of shape {found:?}, expected {shape:?}");
            return Err(Error::invalid(text));
        }
        self.memory = memory;
        self.begin(step, latent);
        Ok(())
    }
}

fn check(sigmas: &[f64]) -> Result<(), Error> {
    let fault = |text| Err(Error::invalid(text).at("sigmas"));
    if sigmas.len() > SIGMAS_MAX {
        let text = format!("{} sigmas, expected at most {SIGMAS_MAX}", sigmas.len());
        return Err(Error::new(Code::LimitExceeded, text).at("sigmas"));
    }
    if let Some(found) = sigmas.iter().find(|sigma| !(0.0..=f64::MAX).contains(*sigma)) {
        return fault(format!("sigma {found}, expected a finite number of 0 or more"));
    }
    if let Some(pair) = sigmas.windows(2).find(|pair| pair[0] < pair[1]) {
        return fault(format!("sigma {} after {}, expected falling ones", pair[1], pair[0]));
    }
    Ok(())
}
