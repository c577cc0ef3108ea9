//! What passes between a walk, its caller and the formula of a sampler.

use alloc::vec::Vec;

use crate::error::Error;
use crate::math::Tensor;

/// A question to the network.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a, T> {
    /// The latent in sigma space; a network of a variance-preserving process gets it divided by
    /// `sqrt(sigma^2 + 1)`.
    pub latent: &'a T,
    /// Its sigma.
    pub sigma: f64,
}

/// What the network makes of the latent that was asked about.
#[derive(Debug)]
pub struct Answer<T> {
    /// The guided clean latent.
    pub denoised: T,
    /// The clean latent of the negative condition alone, where
    /// [`Sampler::needs_negative`](super::Sampler::needs_negative) says so.
    pub negative: Option<T>,
}

/// What became of a question.
#[derive(Debug)]
pub enum Told<T> {
    /// The step needs another call.
    Asks,
    /// The step is done.
    Stepped {
        /// The latent before fresh noise was added; the new latent itself where none was.
        mean: T,
        /// Standard deviation of that noise, 0 where there is none.
        deviation: f64,
    },
}

/// What a walk takes from its caller while it steps.
pub trait Supply<T> {
    /// The next standard normal values of the sampler's own stream, of the latent's shape.
    fn draw(&mut self) -> Result<T, Error>;
    /// The Brownian increment between two sigmas, over the root of their difference; see
    /// [`Brownian`](crate::rng::Brownian).
    fn between(&mut self, from: f64, to: f64) -> Result<T, Error>;
    /// The values of a tensor of shape `[batch]`.
    fn read(&mut self, tensor: &T) -> Result<Vec<f64>, Error>;
}

/// What a sampler remembers between steps; empty at the start.
#[derive(Debug)]
pub struct Memory<T> {
    /// Tensors of the latent's shape, in the sampler's own order.
    pub tensors: Vec<T>,
}

impl<T: Tensor> Memory<T> {
    /// Nothing remembered.
    pub const fn new() -> Self {
        Self { tensors: Vec::new() }
    }

    /// A second handle on the same values.
    pub fn share(&self) -> Self {
        Self { tensors: self.tensors.iter().map(T::share).collect() }
    }

    /// Remembers `newest` before all others, of which the `most` newest stay.
    pub(super) fn push(&mut self, newest: T, most: usize) {
        self.tensors.truncate(most.saturating_sub(1));
        self.tensors.insert(0, newest);
    }
}

impl<T: Tensor> Default for Memory<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// One answer as a formula sees it.
pub(super) struct Call<'a, T> {
    /// Which call of the step, from 0.
    pub stage: u32,
    /// The latent at the step's start.
    pub start: &'a T,
    /// The latent that was asked about; at stage 0 the start.
    pub asked: &'a T,
    /// The clean latent.
    pub denoised: T,
    /// The negative's clean latent, where the sampler needs it.
    pub negative: Option<T>,
    /// Tensors that earlier stages of this step left.
    pub kept: &'a mut Vec<T>,
}

impl<T: Tensor> Call<'_, T> {
    /// The negative's clean latent.
    pub fn negative(&self) -> Result<&T, Error> {
        self.negative
            .as_ref()
            .ok_or_else(|| Error::invalid("no prediction of the negative condition, expected one"))
    }

    /// The tensor that an earlier stage left in place `at`.
    pub fn kept(&self, at: usize) -> Result<&T, Error> {
        self.kept.get(at).ok_or_else(lost)
    }
}

/// A step in the middle of which something is missing.
pub(super) fn lost() -> Error {
    Error::new(crate::error::Code::Internal, "a sampler lost what it knew within a step")
}

/// What a formula wants next.
pub(super) enum Next<T> {
    /// Another call in this step.
    Ask { latent: T, sigma: f64 },
    /// The step's end: the latent before noise, and the noise with its deviation.
    Done { mean: T, noise: Option<(T, f64)> },
}

impl<T> Next<T> {
    /// The end of a step without noise.
    pub fn done(mean: T) -> Result<Self, Error> {
        Ok(Self::Done { mean, noise: None })
    }

    /// The end of a step that adds `deviation` of the sampler's own noise. One block is drawn even
    /// where the deviation is 0, so that the stream goes on by the steps.
    pub fn noised(mean: T, deviation: f64, supply: &mut dyn Supply<T>) -> Result<Self, Error> {
        Ok(Self::Done { mean, noise: Some((supply.draw()?, deviation)) })
    }
}

/// `sum(weight * term)` without the terms whose weight is 0.
pub(super) fn combine<T: Tensor>(terms: &[(&T, f64)]) -> Result<T, Error> {
    let used: Vec<_> = terms.iter().copied().filter(|(_, weight)| *weight != 0.0).collect();
    match used[..] {
        [] => terms.first().ok_or_else(lost)?.0.affine(0.0, 0.0),
        [(term, 1.0)] => Ok(term.share()),
        _ => T::linear_combination(&used),
    }
}
