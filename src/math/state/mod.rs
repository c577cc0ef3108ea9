//! The one implementation of the rules that `step-context` states.
//!
//! Lives behind a lock in the host, and in a [`RefCell`](core::cell::RefCell) natively. Predictions
//! are kept in the kind the network gave and converted on demand, once each; where the level does
//! not determine a form, asking for it fails. `rewritten` counts only what happens between
//! [`enter_operator`](StepState::enter_operator) and [`leave_operator`](StepState::leave_operator).

mod cell;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{NoiseLevel, Part, Prediction, PredictionKind, Tensor};
use crate::error::Error;

/// Lanes of one run: far beyond any use, and small enough that a guest cannot exhaust the host.
pub const LANES: u32 = 64;
/// Slots of one step; further ones are passed over.
pub const SLOTS: usize = 256;
/// Trace entries of one run: some 60 a step for 1000 steps; further ones are passed over.
pub const TRACES: usize = 1 << 16;

/// A number that an operator or sampler noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The step it was noted in.
    pub step: u32,
    /// What it is, for example `angle`.
    pub name: String,
    /// The lane it is about, if one.
    pub lane: Option<u32>,
    /// The number.
    pub value: f64,
}

/// A prediction in the kind it came in, and the forms asked for so far.
#[derive(Debug)]
struct Answer<T> {
    kind: PredictionKind,
    value: T,
    epsilon: Option<T>,
    denoised: Option<T>,
}

impl<T> Answer<T> {
    fn new(kind: PredictionKind, value: T) -> Self {
        Self { kind, value, epsilon: None, denoised: None }
    }
}

#[derive(Debug)]
struct Lane<T> {
    weight: f64,
    guidance: f64,
    refine: f64,
    wanted: bool,
    active: bool,
    rewritten: bool,
    latent: Option<T>,
    input: Option<T>,
    mean: Option<T>,
    guided: Option<Answer<T>>,
    conditional: Option<Answer<T>>,
    unconditional: Option<Answer<T>>,
}

impl<T> Lane<T> {
    fn new() -> Self {
        Self {
            weight: 1.0,
            guidance: 1.0,
            refine: 1.0,
            wanted: false,
            active: true,
            rewritten: false,
            latent: None,
            input: None,
            mean: None,
            guided: None,
            conditional: None,
            unconditional: None,
        }
    }
}

/// The state of one sampling, step by step; methods mean what
/// [`StepContext`](super::StepContext) says.
#[derive(Debug)]
pub struct StepState<T: Tensor> {
    index: u32,
    steps: u32,
    target: u32,
    stochastic: bool,
    now: NoiseLevel,
    next: NoiseLevel,
    alphas_cumprod: Vec<f64>,
    lanes: Vec<Lane<T>>,
    slots: Vec<(String, T)>,
    traces: Vec<Trace>,
    operators: u32,
}

impl<T: Tensor> StepState<T> {
    /// A run of `steps` over `lanes`, 1 to [`LANES`]: weights, guidance and refine 1, all active,
    /// none wanted, target 0, deterministic, no latents.
    pub fn new(lanes: u32, steps: u32, alphas_cumprod: Vec<f64>) -> Result<Self, Error> {
        if lanes == 0 || lanes > LANES {
            return Err(Error::invalid(format!("{lanes} lanes, expected 1 to {LANES}")).at("lanes"));
        }
        let clean = NoiseLevel { timestep: 0.0, signal: 1.0, noise: 0.0 };
        Ok(Self {
            index: 0,
            steps,
            target: 0,
            stochastic: false,
            now: clean,
            next: clean,
            alphas_cumprod,
            lanes: (0..lanes).map(|_| Lane::new()).collect(),
            slots: Vec::new(),
            traces: Vec::new(),
            operators: 0,
        })
    }

    /// Starts a step; see [`StepContext::begin`](super::StepContext::begin).
    pub fn begin(&mut self, index: u32, now: NoiseLevel, next: NoiseLevel) {
        (self.index, self.now, self.next) = (index, now, next);
        self.slots.clear();
        for lane in &mut self.lanes {
            lane.input = lane.latent.as_ref().map(T::share);
            lane.active = true;
            lane.rewritten = false;
            lane.mean = None;
            (lane.guided, lane.conditional, lane.unconditional) = (None, None, None);
        }
    }

    /// The step, from 0.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Steps of the run.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Lanes of the run.
    pub fn lanes(&self) -> u32 {
        self.lanes.len() as u32
    }

    /// The target lane.
    pub fn target(&self) -> u32 {
        self.target
    }

    /// Chooses the target; a lane that is not there is passed over.
    pub fn set_target(&mut self, lane: u32) {
        if lane < self.lanes() {
            self.target = lane;
        }
    }

    /// The lane's share.
    pub fn weight(&self, lane: u32) -> f64 {
        self.get(lane).map_or(0.0, |lane| lane.weight)
    }

    /// Sets the lane's share.
    pub fn set_weight(&mut self, lane: u32, weight: f64) {
        self.change(lane, |lane| lane.weight = weight);
    }

    /// The lane's guidance.
    pub fn guidance(&self, lane: u32) -> f64 {
        self.get(lane).map_or(0.0, |lane| lane.guidance)
    }

    /// Sets the lane's guidance, until set again.
    pub fn set_guidance(&mut self, lane: u32, guidance: f64) {
        self.change(lane, |lane| lane.guidance = guidance);
    }

    /// The lane's multiplier of a refinement radius.
    pub fn refine(&self, lane: u32) -> f64 {
        self.get(lane).map_or(0.0, |lane| lane.refine)
    }

    /// Sets that multiplier.
    pub fn set_refine(&mut self, lane: u32, refine: f64) {
        self.change(lane, |lane| lane.refine = refine);
    }

    /// Whether the graph uses the lane's result.
    pub fn wanted(&self, lane: u32) -> bool {
        self.get(lane).is_some_and(|lane| lane.wanted)
    }

    /// Sets whether the graph uses the lane's result.
    pub fn set_wanted(&mut self, lane: u32, wanted: bool) {
        self.change(lane, |lane| lane.wanted = wanted);
    }

    /// Whether the solver adds noise.
    pub fn stochastic(&self) -> bool {
        self.stochastic
    }

    /// Sets whether the solver adds noise.
    pub fn set_stochastic(&mut self, stochastic: bool) {
        self.stochastic = stochastic;
    }

    /// Where the step starts.
    pub fn now(&self) -> NoiseLevel {
        self.now
    }

    /// Where the step leads.
    pub fn next(&self) -> NoiseLevel {
        self.next
    }

    /// Cumulative alphas of the training steps.
    pub fn alphas_cumprod(&self) -> &[f64] {
        &self.alphas_cumprod
    }

    /// Whether the lane's network runs in this step.
    pub fn active(&self, lane: u32) -> bool {
        self.get(lane).is_some_and(|lane| lane.active)
    }

    /// Switches the lane's network on or off for this step.
    pub fn set_active(&mut self, lane: u32, active: bool) {
        self.change(lane, |lane| lane.active = active);
    }

    /// The latent that enters the step.
    pub fn input(&self, lane: u32) -> Result<T, Error> {
        let held = self.lane(lane)?.input.as_ref();
        held.map(T::share).ok_or_else(|| missing(lane, "input latent in this step"))
    }

    /// Replaces it; refused once the lane has a prediction, which is about the old one.
    pub fn set_input(&mut self, lane: u32, value: T) -> Result<(), Error> {
        let inside = self.operators > 0;
        let held = self.lane_mut(lane)?;
        if held.guided.is_some() {
            return Err(Error::invalid(format!(
                "lane {lane} has a prediction already, expected its input to be set before"
            )));
        }
        held.input = Some(value);
        held.rewritten |= inside;
        Ok(())
    }

    /// Takes what the network said.
    pub fn set_prediction(
        &mut self,
        lane: u32,
        kind: PredictionKind,
        value: Prediction<T>,
    ) -> Result<(), Error> {
        let held = self.lane_mut(lane)?;
        held.guided = Some(Answer::new(kind, value.guided));
        held.conditional = value.conditional.map(|part| Answer::new(kind, part));
        held.unconditional = value.unconditional.map(|part| Answer::new(kind, part));
        Ok(())
    }

    /// The noise in the input as the lane sees it; converted once.
    pub fn epsilon(&mut self, lane: u32, part: Part) -> Result<T, Error> {
        let now = self.now;
        let (input, answer) = self.answer(lane, part)?;
        if let Some(known) = &answer.epsilon {
            return Ok(known.share());
        }
        let factors = now.epsilon_factors(answer.kind).ok_or_else(|| undetermined(now, "noise"))?;
        let made = convert(input, &answer.value, factors)?;
        answer.epsilon = Some(made.share());
        Ok(made)
    }

    /// The clean latent as the lane sees it; converted once.
    pub fn denoised(&mut self, lane: u32, part: Part) -> Result<T, Error> {
        let now = self.now;
        let (input, answer) = self.answer(lane, part)?;
        if let Some(known) = &answer.denoised {
            return Ok(known.share());
        }
        let factors =
            now.denoised_factors(answer.kind).ok_or_else(|| undetermined(now, "clean latent"))?;
        let made = convert(input, &answer.value, factors)?;
        answer.denoised = Some(made.share());
        Ok(made)
    }

    /// Whether the lane has a prediction in this step.
    pub fn has_prediction(&self, lane: u32) -> bool {
        self.get(lane).is_some_and(|lane| lane.guided.is_some())
    }

    /// Replaces or gives the guided prediction; fails where the signal is 0.
    pub fn set_epsilon(&mut self, lane: u32, value: T) -> Result<(), Error> {
        if self.now.signal == 0.0 {
            return Err(Error::invalid(
                "an epsilon where the signal is 0, expected the clean latent",
            ));
        }
        self.lane_mut(lane)?.guided = Some(Answer::new(PredictionKind::Epsilon, value));
        Ok(())
    }

    /// Replaces or gives the guided prediction as a clean latent.
    pub fn set_denoised(&mut self, lane: u32, value: T) -> Result<(), Error> {
        self.lane_mut(lane)?.guided = Some(Answer::new(PredictionKind::Sample, value));
        Ok(())
    }

    /// The solver's latent before the noise, where it was set in this step.
    pub fn mean(&self, lane: u32) -> Option<T> {
        self.get(lane)?.mean.as_ref().map(T::share)
    }

    /// Sets it; fails with a deterministic solver.
    pub fn set_mean(&mut self, lane: u32, value: T) -> Result<(), Error> {
        if !self.stochastic {
            return Err(Error::invalid("a mean of a deterministic solver, expected a stochastic"));
        }
        self.lane_mut(lane)?.mean = Some(value);
        Ok(())
    }

    /// The lane's latent.
    pub fn latent(&self, lane: u32) -> Result<T, Error> {
        let held = self.lane(lane)?.latent.as_ref();
        held.map(T::share).ok_or_else(|| missing(lane, "latent yet"))
    }

    /// Replaces it; the step's input stays.
    pub fn set_latent(&mut self, lane: u32, value: T) -> Result<(), Error> {
        let inside = self.operators > 0;
        let held = self.lane_mut(lane)?;
        held.latent = Some(value);
        held.rewritten |= inside;
        Ok(())
    }

    /// Whether an operator replaced the lane's input or latent in this step.
    pub fn rewritten(&self, lane: u32) -> bool {
        self.get(lane).is_some_and(|lane| lane.rewritten)
    }

    /// A tensor left under `name` in this step.
    pub fn slot(&self, name: &str) -> Option<T> {
        self.slots.iter().find(|(known, _)| known == name).map(|(_, value)| value.share())
    }

    /// Leaves a tensor under `name` for this step, at most [`SLOTS`] of them.
    pub fn set_slot(&mut self, name: &str, value: T) {
        if let Some((_, held)) = self.slots.iter_mut().find(|(known, _)| known == name) {
            *held = value;
        } else if self.slots.len() < SLOTS {
            self.slots.push((name.to_owned(), value));
        }
    }

    /// Notes a number, at most [`TRACES`] of them.
    pub fn trace(&mut self, name: &str, lane: Option<u32>, value: f64) {
        if self.traces.len() < TRACES {
            self.traces.push(Trace { step: self.index, name: name.to_owned(), lane, value });
        }
    }

    /// The numbers noted so far.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// From here on replacements are an operator's; may nest.
    pub fn enter_operator(&mut self) {
        self.operators += 1;
    }

    /// Ends the innermost [`enter_operator`](Self::enter_operator).
    pub fn leave_operator(&mut self) {
        self.operators = self.operators.saturating_sub(1);
    }

    /// All tensors that it keeps, shares of one storage each by itself.
    pub fn tensors(&self) -> impl Iterator<Item = &T> {
        let lanes = self.lanes.iter().flat_map(|lane| {
            let answers = [&lane.guided, &lane.conditional, &lane.unconditional];
            let forms = answers.into_iter().flatten().flat_map(|answer| {
                [Some(&answer.value), answer.epsilon.as_ref(), answer.denoised.as_ref()]
            });
            [lane.latent.as_ref(), lane.input.as_ref(), lane.mean.as_ref()].into_iter().chain(forms)
        });
        lanes.flatten().chain(self.slots.iter().map(|(_, value)| value))
    }

    fn get(&self, lane: u32) -> Option<&Lane<T>> {
        self.lanes.get(lane as usize)
    }

    fn change(&mut self, lane: u32, change: impl FnOnce(&mut Lane<T>)) {
        if let Some(held) = self.lanes.get_mut(lane as usize) {
            change(held);
        }
    }

    fn lane(&self, lane: u32) -> Result<&Lane<T>, Error> {
        self.get(lane).ok_or_else(|| no_lane(lane, self.lanes.len()))
    }

    fn lane_mut(&mut self, lane: u32) -> Result<&mut Lane<T>, Error> {
        let count = self.lanes.len();
        self.lanes.get_mut(lane as usize).ok_or_else(|| no_lane(lane, count))
    }

    fn answer(&mut self, lane: u32, part: Part) -> Result<(Option<&T>, &mut Answer<T>), Error> {
        let held = self.lane_mut(lane)?;
        let (answer, name) = match part {
            Part::Guided => (&mut held.guided, "prediction in this step"),
            Part::Conditional => (&mut held.conditional, "conditional prediction in this step"),
            Part::Unconditional => {
                (&mut held.unconditional, "unconditional prediction in this step")
            }
        };
        let answer = answer.as_mut().ok_or_else(|| missing(lane, name))?;
        Ok((held.input.as_ref(), answer))
    }
}

fn convert<T: Tensor>(input: Option<&T>, value: &T, factors: (f64, f64)) -> Result<T, Error> {
    if factors == (0.0, 1.0) {
        return Ok(value.share());
    }
    let input = input.ok_or_else(|| {
        Error::invalid("a prediction without an input latent, expected the input to be set")
    })?;
    T::linear_combination(&[(input, factors.0), (value, factors.1)])
}

fn no_lane(lane: u32, lanes: usize) -> Error {
    Error::invalid(format!("lane {lane} is not there, expected one below {lanes}"))
}

fn missing(lane: u32, what: &str) -> Error {
    Error::invalid(format!("lane {lane} has no {what}"))
}

fn undetermined(now: NoiseLevel, what: &str) -> Error {
    Error::invalid(format!(
        "no {what} follows from the prediction at signal {} and noise {}",
        now.signal, now.noise
    ))
}
