//! The host's tensors and step context as the maths sees them.
//!
//! Everything here forwards to a handle; nothing computes.

use alloc::vec::Vec;
use core::borrow::Borrow;

use amdm::error::Error;
use amdm::math;

use super::{lift, lower_kind, lower_level, lower_part};

/// A tensor on the host's device.
#[derive(Debug)]
pub struct Handle(pub crate::Tensor);

/// The shared state of a step: the sampler owns its handle, an operator borrows one.
#[derive(Debug)]
pub struct Context<B>(pub B);

fn wrap(result: Result<crate::Tensor, crate::Error>) -> Result<Handle, Error> {
    result.map(Handle).map_err(lift)
}

macro_rules! forward_unary {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        fn $name(&self) -> Result<Self, Error> {
            wrap(self.0.$name())
        }
    )*};
}

macro_rules! forward_binary {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        fn $name(&self, other: &Self) -> Result<Self, Error> {
            wrap(self.0.$name(&other.0))
        }
    )*};
}

impl math::Tensor for Handle {
    amdm::unary_operations!(forward_unary);
    amdm::binary_operations!(forward_binary);

    fn shape(&self) -> Vec<u32> {
        self.0.shape()
    }

    fn share(&self) -> Self {
        Self(self.0.share())
    }

    fn linear_combination(terms: &[(&Self, f64)]) -> Result<Self, Error> {
        let terms = terms.iter().map(|(term, weight)| (&term.0, *weight)).collect::<Vec<_>>();
        wrap(crate::Tensor::linear_combination(&terms))
    }

    fn sample_combination(terms: &[&Self], weights: &[&Self]) -> Result<Self, Error> {
        let terms = terms.iter().map(|tensor| &tensor.0).collect::<Vec<_>>();
        let weights = weights.iter().map(|tensor| &tensor.0).collect::<Vec<_>>();
        wrap(crate::Tensor::sample_combination(&terms, &weights))
    }

    fn affine(&self, mul: f64, add: f64) -> Result<Self, Error> {
        wrap(self.0.affine(mul, add))
    }

    fn clamp(&self, low: f64, high: f64) -> Result<Self, Error> {
        wrap(self.0.clamp(low, high))
    }

    fn select(&self, threshold: f64, a: &Self, b: &Self) -> Result<Self, Error> {
        wrap(self.0.select(threshold, &a.0, &b.0))
    }

    fn reshape(&self, shape: &[u32]) -> Result<Self, Error> {
        wrap(self.0.reshape(shape))
    }
}

fn lift_level(level: crate::NoiseLevel) -> math::NoiseLevel {
    math::NoiseLevel { timestep: level.timestep, signal: level.signal, noise: level.noise }
}

impl<B: Borrow<crate::StepContext>> math::StepContext for Context<B> {
    type Tensor = Handle;

    fn begin(&self, index: u32, now: math::NoiseLevel, next: math::NoiseLevel) {
        self.0.borrow().begin(index, lower_level(now), lower_level(next));
    }

    fn index(&self) -> u32 {
        self.0.borrow().index()
    }

    fn steps(&self) -> u32 {
        self.0.borrow().steps()
    }

    fn lanes(&self) -> u32 {
        self.0.borrow().lanes()
    }

    fn target(&self) -> u32 {
        self.0.borrow().target()
    }

    fn set_target(&self, lane: u32) {
        self.0.borrow().set_target(lane);
    }

    fn weight(&self, lane: u32) -> f64 {
        self.0.borrow().weight(lane)
    }

    fn set_weight(&self, lane: u32, weight: f64) {
        self.0.borrow().set_weight(lane, weight);
    }

    fn guidance(&self, lane: u32) -> f64 {
        self.0.borrow().guidance(lane)
    }

    fn set_guidance(&self, lane: u32, guidance: f64) {
        self.0.borrow().set_guidance(lane, guidance);
    }

    fn refine(&self, lane: u32) -> f64 {
        self.0.borrow().refine(lane)
    }

    fn set_refine(&self, lane: u32, refine: f64) {
        self.0.borrow().set_refine(lane, refine);
    }

    fn wanted(&self, lane: u32) -> bool {
        self.0.borrow().wanted(lane)
    }

    fn set_wanted(&self, lane: u32, wanted: bool) {
        self.0.borrow().set_wanted(lane, wanted);
    }

    fn stochastic(&self) -> bool {
        self.0.borrow().stochastic()
    }

    fn set_stochastic(&self, stochastic: bool) {
        self.0.borrow().set_stochastic(stochastic);
    }

    fn now(&self) -> math::NoiseLevel {
        lift_level(self.0.borrow().now())
    }

    fn next(&self) -> math::NoiseLevel {
        lift_level(self.0.borrow().next())
    }

    fn alphas_cumprod(&self) -> Vec<f64> {
        self.0.borrow().alphas_cumprod()
    }

    fn active(&self, lane: u32) -> bool {
        self.0.borrow().active(lane)
    }

    fn set_active(&self, lane: u32, active: bool) {
        self.0.borrow().set_active(lane, active);
    }

    fn input(&self, lane: u32) -> Result<Handle, Error> {
        wrap(self.0.borrow().input(lane))
    }

    fn set_input(&self, lane: u32, value: Handle) -> Result<(), Error> {
        self.0.borrow().set_input(lane, value.0).map_err(lift)
    }

    fn set_prediction(
        &self,
        lane: u32,
        kind: math::PredictionKind,
        value: math::Prediction<Handle>,
    ) -> Result<(), Error> {
        let value = crate::Prediction {
            guided: value.guided.0,
            conditional: value.conditional.map(|part| part.0),
            unconditional: value.unconditional.map(|part| part.0),
        };
        self.0.borrow().set_prediction(lane, lower_kind(kind), value).map_err(lift)
    }

    fn epsilon(&self, lane: u32, part: math::Part) -> Result<Handle, Error> {
        wrap(self.0.borrow().epsilon(lane, lower_part(part)))
    }

    fn denoised(&self, lane: u32, part: math::Part) -> Result<Handle, Error> {
        wrap(self.0.borrow().denoised(lane, lower_part(part)))
    }

    fn has_prediction(&self, lane: u32) -> bool {
        self.0.borrow().has_prediction(lane)
    }

    fn set_epsilon(&self, lane: u32, value: Handle) -> Result<(), Error> {
        self.0.borrow().set_epsilon(lane, value.0).map_err(lift)
    }

    fn set_denoised(&self, lane: u32, value: Handle) -> Result<(), Error> {
        self.0.borrow().set_denoised(lane, value.0).map_err(lift)
    }

    fn mean(&self, lane: u32) -> Option<Handle> {
        self.0.borrow().mean(lane).map(Handle)
    }

    fn set_mean(&self, lane: u32, value: Handle) -> Result<(), Error> {
        self.0.borrow().set_mean(lane, value.0).map_err(lift)
    }

    fn latent(&self, lane: u32) -> Result<Handle, Error> {
        wrap(self.0.borrow().latent(lane))
    }

    fn set_latent(&self, lane: u32, value: Handle) -> Result<(), Error> {
        self.0.borrow().set_latent(lane, value.0).map_err(lift)
    }

    fn rewritten(&self, lane: u32) -> bool {
        self.0.borrow().rewritten(lane)
    }

    fn slot(&self, name: &str) -> Option<Handle> {
        self.0.borrow().slot(name).map(Handle)
    }

    fn set_slot(&self, name: &str, value: Handle) {
        self.0.borrow().set_slot(name, value.0);
    }

    fn trace(&self, name: &str, lane: Option<u32>, value: f64) {
        self.0.borrow().trace(name, lane, value);
    }
}
