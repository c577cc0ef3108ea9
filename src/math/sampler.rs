//! The step loop: lanes side by side from noise to image, with step operators.
//!
//! One `predict` call a step holds every lane that runs: all of them up to the policy's end, then
//! only the wanted ones. Each lane draws from its own stream, its initial noise first, and one that
//! is not stepped draws nothing, so a lane's result does not depend on which others run on. Models
//! with a clip have their guided clean latent clamped after `predicted`, last of all, and the
//! solver and the operators in `stepped` read the clamped one.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::checkpoint::{Checkpoint, LaneCheckpoint};
use super::schedule::Schedule;
use super::solver::{Form, Past, Solver, Stepper};
use super::{NoiseLevel, Part, Phase, Prediction, PredictionKind, StepContext, Tensor};
use crate::error::{Code, Error};

/// What a lane is to the loop; model and conditioning stay with the [`Backend`].
#[derive(Clone, Copy, Debug)]
pub struct LaneSpec {
    /// What its network's output means.
    pub prediction: PredictionKind,
    /// Its clean latent is clamped to [-clip, clip] at every step.
    pub clip: Option<f64>,
    /// Classifier-free guidance, 0 or more.
    pub guidance: f64,
    /// Share among the lanes that are not the target, at least 0.
    pub weight: f64,
    /// Multiplies the radius of a refinement.
    pub refine: f64,
}

/// One lane's question at one step.
#[derive(Debug)]
pub struct LaneRequest<'a, T> {
    /// Which lane's model and conditioning.
    pub lane: u32,
    /// The latent, x at the level.
    pub latent: &'a T,
    /// Where on the forward process.
    pub level: NoiseLevel,
    /// 1 = the conditional prediction alone, unless parts are asked for.
    pub guidance: f64,
    /// Which step, from 0.
    pub step: u32,
    /// Of how many.
    pub steps: u32,
}

/// What noise is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Draw {
    /// The latent that a lane starts from; at most once, before all others.
    First,
    /// A step of a stochastic solver.
    Step,
}

/// What a lane starts from; the same cases as `start` in `wit/standard-sampling.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Noise alone where the run begins with noise alone, else the given latent noised to the
    /// first level.
    Noise,
    /// The given latent noised to the first level; at the process's noisiest level, added to noise
    /// of deviation 1.
    Add,
    /// The given latent as it is: x at the first level. No noise is drawn for it.
    Given,
}

/// Networks, noise, operators and reporting, as a guest or the native host has them.
pub trait Backend {
    /// What latents are.
    type Tensor: Tensor;
    /// The shared state of a step.
    type Context: StepContext<Tensor = Self::Tensor>;

    /// The state of a run, with the defaults of [`StepState::new`](super::StepState::new).
    fn context(
        &mut self,
        lanes: u32,
        steps: u32,
        alphas_cumprod: &[f64],
    ) -> Result<Self::Context, Error>;
    /// Starts the operators for a run of `steps`; the first step that none of them wants.
    fn open_policy(&mut self, steps: u32) -> Result<u32, Error>;
    /// Whether an operator whose window holds `step` wants parts.
    fn wants_parts(&mut self, step: u32) -> bool;
    /// Asks every operator whether it can do what the context says.
    fn check(&mut self, context: &Self::Context) -> Result<(), Error>;
    /// Lets the operators act.
    fn apply(&mut self, phase: Phase, context: &Self::Context) -> Result<(), Error>;
    /// All predictions of a step, in the order of `requests`.
    fn predict(
        &mut self,
        requests: &[LaneRequest<'_, Self::Tensor>],
        parts: bool,
    ) -> Result<Vec<Prediction<Self::Tensor>>, Error>;
    /// The next standard normal values of the lane for such a use.
    fn noise(&mut self, lane: u32, shape: &[u32], draw: Draw) -> Result<Self::Tensor, Error>;
    /// What a run of the same work kept last before it was broken off. `size` is how many lanes and
    /// steps there are, `shape` a latent's. By default nothing is kept.
    fn resume(
        &mut self,
        _size: (u32, u32),
        _shape: &[u32],
    ) -> Result<Option<Checkpoint<Self::Tensor>>, Error> {
        Ok(None)
    }
    /// Whether to keep a checkpoint before step `next`: nothing but what it holds must matter from
    /// there on, operators included.
    fn wants_checkpoint(&mut self, _next: u32) -> bool {
        false
    }
    /// Keeps a checkpoint in place of the last one.
    fn keep(&mut self, _checkpoint: &Checkpoint<Self::Tensor>) -> Result<(), Error> {
        Ok(())
    }
    /// `done` of `total` steps are behind; the context is still in the last one's `stepped`.
    fn progress(&mut self, done: u32, total: u32, context: &Self::Context) -> Result<(), Error>;
}

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How latents move.
    pub solver: Solver,
    /// Fresh noise a step, 0 to 1; deterministic solvers ignore it.
    pub eta: f64,
    /// Part of the schedule to run, 0 to 1: its last `round(denoise * steps)` steps.
    pub denoise: f64,
    /// What lanes start from.
    pub start: Start,
    /// The lane whose image is wanted; with several, the first.
    pub target: u32,
    /// Whether each lane's result is used, one entry a lane.
    pub wanted: Vec<bool>,
}

/// What a run gives.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The wanted lanes' latents, in lane order; none for the others.
    pub latents: Vec<Option<T>>,
    /// Network passes: one guided prediction of one lane each.
    pub passes: u32,
}

/// Runs `lanes` through `schedule`. `latents` holds one latent for all lanes, or one for each;
/// [`Settings::start`] says what becomes of them. All have the shape of the first.
///
/// Fails where settings do not fit the lanes, where an operator refuses in its check (before any
/// noise is drawn), and with whatever the backend fails with.
pub fn sample<B: Backend>(
    backend: &mut B,
    lanes: &[LaneSpec],
    schedule: &Schedule,
    settings: &Settings,
    latents: &[B::Tensor],
) -> Result<Outcome<B::Tensor>, Error> {
    check(lanes, settings)?;
    let shape = shape(lanes, latents)?;
    let levels = schedule.levels(settings.denoise);
    let count = lanes.len() as u32;
    let steps = levels.len() as u32 - 1;
    let context = backend.context(count, steps, schedule.alphas_cumprod())?;
    let stepper = Stepper::new(settings.solver, settings.eta, count);
    for (lane, spec) in (0..).zip(lanes) {
        context.set_weight(lane, spec.weight);
        context.set_guidance(lane, spec.guidance);
        context.set_refine(lane, spec.refine);
        context.set_wanted(lane, settings.wanted[lane as usize]);
    }
    context.set_target(settings.target);
    context.set_stochastic(stepper.stochastic());
    let end = backend.open_policy(steps)?;
    backend.check(&context)?;
    let draws = vec![0; lanes.len()];
    let mut run = Run { backend, lanes, shape, steps, end, context, stepper, draws, passes: 0 };
    let done = match run.backend.resume((count, steps), &run.shape)? {
        Some(checkpoint) => run.resume(checkpoint, settings.start)?,
        None => {
            let first = levels[0];
            let full = (schedule.is_full(settings.denoise), schedule.is_largest(first));
            run.start(latents, first, settings.start, full)?;
            0
        }
    };
    for (index, pair) in (0..).zip(levels.windows(2)).skip(done as usize) {
        run.step(index, pair[0], pair[1])?;
    }
    run.finish()
}

fn check(lanes: &[LaneSpec], settings: &Settings) -> Result<(), Error> {
    if lanes.is_empty() {
        return Err(Error::invalid("no lanes, expected at least one").at("lanes"));
    }
    if settings.target as usize >= lanes.len() {
        let text = format!("lane {}, expected one below {}", settings.target, lanes.len());
        return Err(Error::invalid(text).at("target"));
    }
    if settings.wanted.len() != lanes.len() {
        let (found, expected) = (settings.wanted.len(), lanes.len());
        return Err(Error::invalid(format!("{found} wanted flags, expected {expected}")));
    }
    for (value, name) in [(settings.eta, "eta"), (settings.denoise, "denoise")] {
        if !(0.0..=1.0).contains(&value) {
            return Err(Error::invalid(format!("{value}, expected 0 to 1")).at(name));
        }
    }
    Ok(())
}

/// The shape of every lane's latent.
fn shape<T: Tensor>(lanes: &[LaneSpec], latents: &[T]) -> Result<Vec<u32>, Error> {
    let Some(first) = latents.first().filter(|_| [1, lanes.len()].contains(&latents.len())) else {
        let (found, lanes) = (latents.len(), lanes.len());
        let text = format!("{found} latents for {lanes} lanes, expected 1 or one for each");
        return Err(Error::invalid(text));
    };
    let shape = first.shape();
    match latents.iter().map(Tensor::shape).find(|found| *found != shape) {
        Some(found) => {
            Err(Error::invalid(format!("a latent of shape {found:?}, expected {shape:?}")))
        }
        None => Ok(shape),
    }
}

struct Run<'a, B: Backend> {
    backend: &'a mut B,
    lanes: &'a [LaneSpec],
    shape: Vec<u32>,
    steps: u32,
    end: u32,
    context: B::Context,
    stepper: Stepper<B::Tensor>,
    /// Noise tensors drawn, by lane.
    draws: Vec<u32>,
    passes: u32,
}

impl<B: Backend> Run<'_, B> {
    fn all(&self) -> core::ops::Range<u32> {
        0..self.lanes.len() as u32
    }

    /// Puts every lane at the first level; `full` says that the run begins with noise alone,
    /// `largest` that the level is the process's noisiest.
    fn start(
        &mut self,
        latents: &[B::Tensor],
        first: NoiseLevel,
        start: Start,
        (full, largest): (bool, bool),
    ) -> Result<(), Error> {
        for lane in self.all() {
            let given = &latents[if latents.len() == 1 { 0 } else { lane as usize }];
            let latent = if self.steps == 0 || start == Start::Given {
                given.share()
            } else {
                let noise = self.noise(lane, Draw::First)?;
                match start {
                    Start::Noise if full => noise,
                    _ => {
                        let whole = start == Start::Add && largest;
                        let deviation = if whole { 1.0 } else { first.noise };
                        let terms = [(given, first.signal), (&noise, deviation)];
                        Tensor::linear_combination(&terms)?
                    }
                }
            };
            self.context.set_latent(lane, latent)?;
        }
        Ok(())
    }

    fn step(&mut self, index: u32, now: NoiseLevel, next: NoiseLevel) -> Result<(), Error> {
        let guided = index < self.end;
        self.context.begin(index, now, next);
        if guided {
            self.backend.apply(Phase::Prepare, &self.context)?;
        } else {
            for lane in self.all().filter(|&lane| !self.context.wanted(lane)) {
                self.context.set_active(lane, false);
            }
        }
        self.predict(index, now, guided)?;
        if guided {
            self.backend.apply(Phase::Predicted, &self.context)?;
        }
        for lane in self.all() {
            if self.context.has_prediction(lane) {
                self.advance(lane, (now, next), guided)?;
            }
        }
        if guided {
            self.backend.apply(Phase::Stepped, &self.context)?;
            self.forget_rewritten();
        }
        self.backend.progress(index + 1, self.steps, &self.context)?;
        if index + 1 < self.steps && self.backend.wants_checkpoint(index + 1) {
            let checkpoint = self.checkpoint(index + 1)?;
            self.backend.keep(&checkpoint)?;
        }
        Ok(())
    }

    fn noise(&mut self, lane: u32, draw: Draw) -> Result<B::Tensor, Error> {
        self.draws[lane as usize] += 1;
        self.backend.noise(lane, &self.shape, draw)
    }

    fn checkpoint(&self, step: u32) -> Result<Checkpoint<B::Tensor>, Error> {
        let context = &self.context;
        let lane = |lane| {
            Ok(LaneCheckpoint {
                weight: context.weight(lane),
                guidance: context.guidance(lane),
                refine: context.refine(lane),
                wanted: context.wanted(lane),
                draws: self.draws[lane as usize],
                latent: context.latent(lane)?,
                past: self.stepper.past(lane).map(Past::share),
            })
        };
        let lanes = self.all().map(lane).collect::<Result<_, Error>>()?;
        Ok(Checkpoint { step, target: context.target(), lanes })
    }

    /// Puts everything where `checkpoint` has it; gives the step that comes next.
    fn resume(&mut self, checkpoint: Checkpoint<B::Tensor>, start: Start) -> Result<u32, Error> {
        self.context.set_target(checkpoint.target);
        for (lane, held) in (0..).zip(checkpoint.lanes) {
            for draw in 0..held.draws {
                let first = draw == 0 && start != Start::Given;
                self.noise(lane, if first { Draw::First } else { Draw::Step })?;
            }
            self.context.set_weight(lane, held.weight);
            self.context.set_guidance(lane, held.guidance);
            self.context.set_refine(lane, held.refine);
            self.context.set_wanted(lane, held.wanted);
            self.context.set_latent(lane, held.latent)?;
            self.stepper.set_past(lane, held.past);
        }
        Ok(checkpoint.step)
    }

    fn predict(&mut self, step: u32, level: NoiseLevel, guided: bool) -> Result<(), Error> {
        let (context, steps) = (&self.context, self.steps);
        let active = self.all().filter(|&lane| context.active(lane));
        let inputs = active
            .map(|lane| Ok((lane, context.input(lane)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        if inputs.is_empty() {
            return Ok(());
        }
        let requests: Vec<_> = inputs
            .iter()
            .map(|(lane, latent)| {
                let (lane, guidance) = (*lane, context.guidance(*lane));
                LaneRequest { lane, latent, level, guidance, step, steps }
            })
            .collect();
        let parts = guided && self.backend.wants_parts(step);
        let predictions = self.backend.predict(&requests, parts)?;
        if predictions.len() != inputs.len() {
            let (found, expected) = (predictions.len(), inputs.len());
            let text = format!("{found} predictions, expected {expected}");
            return Err(Error::new(Code::Internal, text));
        }
        self.passes += inputs.len() as u32;
        for ((lane, _), prediction) in inputs.iter().zip(predictions) {
            let kind = self.lanes[*lane as usize].prediction;
            context.set_prediction(*lane, kind, prediction)?;
        }
        Ok(())
    }

    /// Clamps the lane's prediction, moves its latent and, where operators follow, leaves the mean.
    fn advance(
        &mut self,
        lane: u32,
        (now, next): (NoiseLevel, NoiseLevel),
        guided: bool,
    ) -> Result<(), Error> {
        let context = &self.context;
        let spec = &self.lanes[lane as usize];
        if let Some(clip) = spec.clip {
            let clamped = context.denoised(lane, Part::Guided)?.clamp(-clip, clip)?;
            context.set_denoised(lane, clamped)?;
        }
        if context.rewritten(lane) {
            self.stepper.forget(lane);
        }
        let plain = spec.prediction == PredictionKind::Epsilon && spec.clip.is_none();
        let form = if plain && now.signal > 0.0 { Form::Epsilon } else { Form::Denoised };
        let still = (now.signal, now.noise) == (next.signal, next.noise);
        let sigma = if still { 0.0 } else { self.stepper.sigma(now, next) };
        // Streams go on by the steps, whatever they add.
        let draws = self.stepper.stochastic() && next.noise > 0.0;
        let noise = if draws { Some(self.noise(lane, Draw::Step)?) } else { None };
        let context = &self.context;
        if still {
            // Between equal levels nothing moves.
            let latent = context.input(lane)?;
            if guided && self.stepper.stochastic() {
                context.set_mean(lane, latent.share())?;
            }
            return context.set_latent(lane, latent);
        }
        let latent = if guided && self.stepper.stochastic() {
            let mean = self.stepper.step(context, lane, (now, next), form, None)?;
            let latent = match &noise {
                Some(noise) => Tensor::linear_combination(&[(&mean, 1.0), (noise, sigma)])?,
                None => mean.share(),
            };
            context.set_mean(lane, mean)?;
            latent
        } else {
            self.stepper.step(context, lane, (now, next), form, noise.as_ref())?
        };
        context.set_latent(lane, latent)
    }

    fn forget_rewritten(&mut self) {
        for lane in self.all().filter(|&lane| self.context.rewritten(lane)) {
            self.stepper.forget(lane);
        }
    }

    fn finish(self) -> Result<Outcome<B::Tensor>, Error> {
        let wanted = |lane| match self.context.wanted(lane) {
            true => self.context.latent(lane).map(Some),
            false => Ok(None),
        };
        let latents = self.all().map(wanted).collect::<Result<_, Error>>()?;
        Ok(Outcome { latents, passes: self.passes })
    }
}
