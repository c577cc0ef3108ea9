//! [`StepState`] as a context for native use: one thread, shared by sampler and operators.

use alloc::vec::Vec;
use core::cell::RefCell;

use super::StepState;
use crate::error::Error;
use crate::math::step::{NoiseLevel, Part, Prediction, PredictionKind, StepContext};
use crate::math::{OperatorScope, Tensor};

impl<T: Tensor> OperatorScope for RefCell<StepState<T>> {
    fn enter_operator(&self) {
        self.borrow_mut().enter_operator();
    }
    fn leave_operator(&self) {
        self.borrow_mut().leave_operator();
    }
}

impl<T: Tensor> StepContext for RefCell<StepState<T>> {
    type Tensor = T;
    fn begin(&self, index: u32, now: NoiseLevel, next: NoiseLevel) {
        self.borrow_mut().begin(index, now, next);
    }
    fn index(&self) -> u32 {
        self.borrow().index()
    }
    fn steps(&self) -> u32 {
        self.borrow().steps()
    }
    fn lanes(&self) -> u32 {
        self.borrow().lanes()
    }
    fn target(&self) -> u32 {
        self.borrow().target()
    }
    fn set_target(&self, lane: u32) {
        self.borrow_mut().set_target(lane);
    }
    fn weight(&self, lane: u32) -> f64 {
        self.borrow().weight(lane)
    }
    fn set_weight(&self, lane: u32, weight: f64) {
        self.borrow_mut().set_weight(lane, weight);
    }
    fn guidance(&self, lane: u32) -> f64 {
        self.borrow().guidance(lane)
    }
    fn set_guidance(&self, lane: u32, guidance: f64) {
        self.borrow_mut().set_guidance(lane, guidance);
    }
    fn refine(&self, lane: u32) -> f64 {
        self.borrow().refine(lane)
    }
    fn set_refine(&self, lane: u32, refine: f64) {
        self.borrow_mut().set_refine(lane, refine);
    }
    fn wanted(&self, lane: u32) -> bool {
        self.borrow().wanted(lane)
    }
    fn set_wanted(&self, lane: u32, wanted: bool) {
        self.borrow_mut().set_wanted(lane, wanted);
    }
    fn stochastic(&self) -> bool {
        self.borrow().stochastic()
    }
    fn set_stochastic(&self, stochastic: bool) {
        self.borrow_mut().set_stochastic(stochastic);
    }
    fn now(&self) -> NoiseLevel {
        self.borrow().now()
    }
    fn next(&self) -> NoiseLevel {
        self.borrow().next()
    }
    fn active(&self, lane: u32) -> bool {
        self.borrow().active(lane)
    }
    fn set_active(&self, lane: u32, active: bool) {
        self.borrow_mut().set_active(lane, active);
    }
    fn input(&self, lane: u32) -> Result<T, Error> {
        self.borrow().input(lane)
    }
    fn set_input(&self, lane: u32, value: T) -> Result<(), Error> {
        self.borrow_mut().set_input(lane, value)
    }
    fn set_prediction(
        &self,
        lane: u32,
        kind: PredictionKind,
        value: Prediction<T>,
    ) -> Result<(), Error> {
        self.borrow_mut().set_prediction(lane, kind, value)
    }
    fn epsilon(&self, lane: u32, part: Part) -> Result<T, Error> {
        self.borrow_mut().epsilon(lane, part)
    }
    fn denoised(&self, lane: u32, part: Part) -> Result<T, Error> {
        self.borrow_mut().denoised(lane, part)
    }
    fn has_prediction(&self, lane: u32) -> bool {
        self.borrow().has_prediction(lane)
    }
    fn set_epsilon(&self, lane: u32, value: T) -> Result<(), Error> {
        self.borrow_mut().set_epsilon(lane, value)
    }
    fn set_denoised(&self, lane: u32, value: T) -> Result<(), Error> {
        self.borrow_mut().set_denoised(lane, value)
    }
    fn mean(&self, lane: u32) -> Option<T> {
        self.borrow().mean(lane)
    }
    fn set_mean(&self, lane: u32, value: T) -> Result<(), Error> {
        self.borrow_mut().set_mean(lane, value)
    }
    fn latent(&self, lane: u32) -> Result<T, Error> {
        self.borrow().latent(lane)
    }
    fn set_latent(&self, lane: u32, value: T) -> Result<(), Error> {
        self.borrow_mut().set_latent(lane, value)
    }
    fn rewritten(&self, lane: u32) -> bool {
        self.borrow().rewritten(lane)
    }
    fn slot(&self, name: &str) -> Option<T> {
        self.borrow().slot(name)
    }
    fn set_slot(&self, name: &str, value: T) {
        self.borrow_mut().set_slot(name, value);
    }
    fn trace(&self, name: &str, lane: Option<u32>, value: f64) {
        self.borrow_mut().trace(name, lane, value);
    }
    fn alphas_cumprod(&self) -> Vec<f64> {
        self.borrow().alphas_cumprod().to_vec()
    }
}
