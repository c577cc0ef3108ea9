//! One sampling: its lanes, step by step.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::mask::clean;
use super::mover::{Streams, Walks, from_sigma, to_sigma};
use super::{Backend, Draw, Given, LaneRequest, LaneSpec, Mask, Mover, Outcome, Start};
use crate::error::{Code, Error};
use crate::math::checkpoint::{Checkpoint, LaneCheckpoint};
use crate::math::schedule::Schedule;
use crate::math::solver::sigma::{Answer, Memory, Told};
use crate::math::solver::{Form, Past};
use crate::math::{NoiseLevel, Part, Phase, Prediction, PredictionKind, StepContext, Tensor};

/// An answer, and what it means.
type Answered<T> = (PredictionKind, Prediction<T>);
/// The step that comes next, and what lanes' samplers remember.
type Resumed<T> = (u32, Vec<Memory<T>>);

/// A sampling in progress.
pub(super) struct Run<'a, B: Backend> {
    backend: &'a mut B,
    lanes: &'a [LaneSpec],
    schedule: &'a Schedule,
    shape: Vec<u32>,
    steps: u32,
    /// The first step that no operator wants.
    end: u32,
    context: B::Context,
    mover: Mover<B::Tensor>,
    mask: Option<Mask<B::Tensor>>,
    /// Noise tensors drawn, by lane.
    draws: Vec<u32>,
    passes: u32,
    /// Network calls so far, each with all lanes that ask.
    calls: u32,
}

impl<'a, B: Backend> Run<'a, B> {
    /// A sampling whose lanes are nowhere yet.
    pub fn new(
        backend: &'a mut B,
        (lanes, schedule): (&'a [LaneSpec], &'a Schedule),
        (shape, steps, end): (Vec<u32>, u32, u32),
        context: B::Context,
        mover: Mover<B::Tensor>,
    ) -> Self {
        let draws = vec![0; lanes.len()];
        let (mask, passes, calls) = (None, 0, 0);
        Self {
            backend,
            lanes,
            schedule,
            shape,
            steps,
            end,
            context,
            mover,
            mask,
            draws,
            passes,
            calls,
        }
    }

    fn all(&self) -> core::ops::Range<u32> {
        0..self.lanes.len() as u32
    }

    /// Puts every lane where the sampling begins, or where one that was broken off had come to.
    /// Gives the step that comes next.
    pub fn begin(
        &mut self,
        given: &Given<'_, B::Tensor>,
        levels: &[NoiseLevel],
        start: Start,
        full: (bool, bool),
    ) -> Result<u32, Error> {
        let checkpoint = match self.mover.can_resume() {
            true => self.backend.resume((self.lanes.len() as u32, self.steps), &self.shape)?,
            false => None,
        };
        let draws = self.steps > 0 && start != Start::Given;
        let mut outside = Vec::new();
        for lane in self.all() {
            let latent = given.latent(lane);
            let noise = if draws { Some(self.noise(lane, Draw::First)?) } else { None };
            if given.mask.is_some() {
                let noise = self.outside(lane, latent, noise.as_ref())?;
                outside.push((latent.share(), noise));
            }
            if checkpoint.is_none() {
                let latent = place(latent, noise, (levels[0], start), full)?;
                self.context.set_latent(lane, latent)?;
            }
        }
        if let Some(mask) = given.mask {
            self.mask = Some(Mask::new(mask, outside)?);
        }
        let (step, memories) = match checkpoint {
            Some(checkpoint) => self.resume(checkpoint)?,
            None => (0, self.all().map(|_| Memory::new()).collect()),
        };
        if let Mover::Sigmas(walks) = &mut self.mover {
            for (lane, memory) in (0..).zip(memories) {
                walks.begin(&self.context.latent(lane)?, levels[step as usize], step, memory)?;
            }
        }
        Ok(step)
    }

    /// The noise of what stands outside a mask: none where the lane's latent is taken as it is.
    fn outside(
        &mut self,
        lane: u32,
        latent: &B::Tensor,
        first: Option<&B::Tensor>,
    ) -> Result<B::Tensor, Error> {
        let own = match &self.mover {
            Mover::Sigmas(walks) => walks.sampler.mask_noise_seed(),
            Mover::Levels(_) => None,
        };
        match (first, own) {
            (None, _) => latent.affine(0.0, 0.0),
            (Some(_), Some(shift)) => self.backend.noise(lane, &self.shape, Draw::Outside(shift)),
            (Some(first), None) => Ok(first.share()),
        }
    }

    /// Runs a step.
    pub fn step(&mut self, index: u32, now: NoiseLevel, next: NoiseLevel) -> Result<(), Error> {
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
        match self.mover {
            Mover::Levels(_) => {
                for lane in self.all() {
                    if self.context.has_prediction(lane) {
                        self.advance(lane, (now, next), guided)?;
                    }
                }
            }
            Mover::Sigmas(_) => self.walk(index, (now, next), guided)?,
        }
        if guided {
            self.backend.apply(Phase::Stepped, &self.context)?;
            self.forget_rewritten(next)?;
        }
        self.report(index + 1)?;
        let next = index + 1;
        if next < self.steps && self.mover.can_resume() && self.backend.wants_checkpoint(next) {
            let checkpoint = self.checkpoint(next)?;
            self.backend.keep(&checkpoint)?;
        }
        Ok(())
    }

    /// Reports how far the sampling is, `done` steps being behind. A sampler counts its network
    /// calls, as far as they are known.
    fn report(&mut self, done: u32) -> Result<(), Error> {
        let (done, total) = match &self.mover {
            Mover::Levels(_) => (done, self.steps),
            Mover::Sigmas(walks) => {
                let left = walks.calls_left().unwrap_or(u32::from(done < self.steps));
                (self.calls, self.calls + left)
            }
        };
        self.backend.progress(done, total, &self.context)
    }

    fn noise(&mut self, lane: u32, draw: Draw) -> Result<B::Tensor, Error> {
        self.draws[lane as usize] += 1;
        self.backend.noise(lane, &self.shape, draw)
    }

    fn checkpoint(&self, step: u32) -> Result<Checkpoint<B::Tensor>, Error> {
        let context = &self.context;
        let lane = |lane| {
            let (past, memory) = match &self.mover {
                Mover::Levels(stepper) => (stepper.past(lane).map(Past::share), Memory::new()),
                Mover::Sigmas(walks) => (None, walks.memory(lane)),
            };
            Ok(LaneCheckpoint {
                weight: context.weight(lane),
                guidance: context.guidance(lane),
                refine: context.refine(lane),
                wanted: context.wanted(lane),
                draws: self.draws[lane as usize],
                latent: context.latent(lane)?,
                past,
                memory,
            })
        };
        let lanes = self.all().map(lane).collect::<Result<_, Error>>()?;
        Ok(Checkpoint { step, target: context.target(), lanes })
    }

    /// Puts everything where `checkpoint` has it; the lanes' first noise is drawn before. Gives
    /// the step that comes next, and what samplers remember.
    fn resume(&mut self, checkpoint: Checkpoint<B::Tensor>) -> Result<Resumed<B::Tensor>, Error> {
        self.context.set_target(checkpoint.target);
        let mut memories = Vec::new();
        for (lane, held) in (0..).zip(checkpoint.lanes) {
            while self.draws[lane as usize] < held.draws {
                self.noise(lane, Draw::Step)?;
            }
            self.context.set_weight(lane, held.weight);
            self.context.set_guidance(lane, held.guidance);
            self.context.set_refine(lane, held.refine);
            self.context.set_wanted(lane, held.wanted);
            self.context.set_latent(lane, held.latent)?;
            if let Mover::Levels(stepper) = &mut self.mover {
                stepper.set_past(lane, held.past);
            }
            memories.push(held.memory);
        }
        self.calls = checkpoint.step;
        Ok((checkpoint.step, memories))
    }

    fn predict(&mut self, step: u32, level: NoiseLevel, guided: bool) -> Result<(), Error> {
        let context = &self.context;
        let active = self.all().filter(|&lane| context.active(lane));
        let inputs = active
            .map(|lane| Ok((lane, context.input(lane)?, level)))
            .collect::<Result<Vec<_>, Error>>()?;
        let parts = self.mover.needs_parts() || guided && self.backend.wants_parts(step);
        let kinds = inputs.iter().map(|(lane, ..)| *lane).collect::<Vec<_>>();
        let predictions = self.ask(step, inputs, parts)?;
        for (lane, (kind, prediction)) in kinds.into_iter().zip(predictions) {
            self.context.set_prediction(lane, kind, prediction)?;
        }
        Ok(())
    }

    /// The networks' answers to lanes' latents at their levels, with what they mean; behind a mask
    /// clean latents.
    fn ask(
        &mut self,
        step: u32,
        inputs: Vec<(u32, B::Tensor, NoiseLevel)>,
        parts: bool,
    ) -> Result<Vec<Answered<B::Tensor>>, Error> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let masked = |(lane, latent, level): (u32, B::Tensor, NoiseLevel)| {
            let latent = match &self.mask {
                Some(mask) => mask.before(lane, &latent, level)?,
                None => latent,
            };
            Ok((lane, latent, level))
        };
        let inputs = inputs.into_iter().map(masked).collect::<Result<Vec<_>, Error>>()?;
        let (context, steps) = (&self.context, self.steps);
        let requests = inputs.iter().map(|(lane, latent, level)| {
            let (lane, level, guidance) = (*lane, *level, context.guidance(*lane));
            LaneRequest { lane, latent, level, guidance, step, steps }
        });
        let requests = requests.collect::<Vec<_>>();
        let predictions = self.backend.predict(&requests, parts)?;
        if predictions.len() != inputs.len() {
            let (found, expected) = (predictions.len(), inputs.len());
            let text = format!("{found} predictions, expected {expected}");
            return Err(Error::new(Code::Internal, text));
        }
        self.passes += inputs.len() as u32;
        self.calls += 1;
        let answers = inputs.iter().zip(predictions).map(|((lane, latent, level), prediction)| {
            let kind = self.lanes[*lane as usize].prediction;
            let Some(mask) = &self.mask else { return Ok((kind, prediction)) };
            let clean = mask.after(*lane, (latent, *level), kind, prediction)?;
            Ok((PredictionKind::Sample, clean))
        });
        answers.collect()
    }

    /// Clamps the lane's prediction, where its model does.
    fn clamp(&self, lane: u32) -> Result<(), Error> {
        let Some(clip) = self.lanes[lane as usize].clip else { return Ok(()) };
        let clamped = self.context.denoised(lane, Part::Guided)?.clamp(-clip, clip)?;
        self.context.set_denoised(lane, clamped)
    }

    /// Clamps the lane's prediction, moves its latent and, where operators follow, leaves the mean.
    fn advance(
        &mut self,
        lane: u32,
        (now, next): (NoiseLevel, NoiseLevel),
        guided: bool,
    ) -> Result<(), Error> {
        self.clamp(lane)?;
        let Mover::Levels(stepper) = &mut self.mover else { return Ok(()) };
        let context = &self.context;
        let spec = &self.lanes[lane as usize];
        if context.rewritten(lane) {
            stepper.forget(lane);
        }
        let stochastic = stepper.stochastic();
        let masked = self.mask.is_some();
        let plain = spec.prediction == PredictionKind::Epsilon && spec.clip.is_none() && !masked;
        let form = if plain && now.signal > 0.0 { Form::Epsilon } else { Form::Denoised };
        let still = (now.signal, now.noise) == (next.signal, next.noise);
        let sigma = if still { 0.0 } else { stepper.sigma(now, next) };
        // Streams go on by the steps, whatever they add.
        let draws = stochastic && next.noise > 0.0;
        let noise = if draws { Some(self.noise(lane, Draw::Step)?) } else { None };
        let (Mover::Levels(stepper), context) = (&mut self.mover, &self.context) else {
            return Ok(());
        };
        if still {
            // Between equal levels nothing moves.
            let latent = context.input(lane)?;
            if guided && stochastic {
                context.set_mean(lane, latent.share())?;
            }
            return context.set_latent(lane, latent);
        }
        let latent = if guided && stochastic {
            let mean = stepper.step(context, lane, (now, next), form, None)?;
            let latent = match &noise {
                Some(noise) => Tensor::linear_combination(&[(&mean, 1.0), (noise, sigma)])?,
                None => mean.share(),
            };
            context.set_mean(lane, mean)?;
            latent
        } else {
            stepper.step(context, lane, (now, next), form, noise.as_ref())?
        };
        context.set_latent(lane, latent)
    }

    /// Takes all lanes that have a prediction through the step: their samplers may ask the networks
    /// again, all lanes' questions in one call.
    fn walk(
        &mut self,
        index: u32,
        (now, next): (NoiseLevel, NoiseLevel),
        guided: bool,
    ) -> Result<(), Error> {
        let mut asking = Vec::new();
        for lane in self.all() {
            if !self.context.has_prediction(lane) {
                continue;
            }
            self.clamp(lane)?;
            let denoised = self.context.denoised(lane, Part::Guided)?;
            let negative = match self.mover.needs_parts() {
                true => Some(self.context.denoised(lane, Part::Unconditional)?),
                false => None,
            };
            let input = self.context.input(lane)?;
            let Some(walks) = self.walks() else { continue };
            let walk = walks.of(lane);
            if walk.step() != index as usize {
                // It was passed over before.
                walk.resume(index as usize, to_sigma(&input, now)?, Memory::new())?;
            } else if self.context.rewritten(lane)
                && let Some(walks) = self.walks()
            {
                walks.of(lane).replace(to_sigma(&input, now)?);
            }
            if self.tell(lane, Answer { denoised, negative }, next, guided)? {
                asking.push(lane);
            }
        }
        while !asking.is_empty() {
            self.report(index)?;
            let mut inputs = Vec::with_capacity(asking.len());
            for &lane in &asking {
                let schedule = self.schedule;
                let Some(walks) = self.walks() else { continue };
                let Some(asked) = walks.of(lane).ask() else { continue };
                let level = schedule.level(asked.sigma);
                inputs.push((lane, from_sigma(asked.latent, level)?, level));
            }
            let asked = inputs.iter().map(|(lane, latent, level)| (*lane, latent.share(), *level));
            let asked = asked.collect::<Vec<_>>();
            let answers = self.ask(index, inputs, self.mover.needs_parts())?;
            asking.clear();
            for ((lane, latent, level), (kind, prediction)) in asked.into_iter().zip(answers) {
                let mut denoised = clean(&latent, level, kind, prediction.guided)?;
                if let Some(clip) = self.lanes[lane as usize].clip {
                    denoised = denoised.clamp(-clip, clip)?;
                }
                let part = prediction.unconditional;
                let negative = part.map(|part| clean(&latent, level, kind, part)).transpose()?;
                if self.tell(lane, Answer { denoised, negative }, next, guided)? {
                    asking.push(lane);
                }
            }
        }
        Ok(())
    }

    /// Tells the lane's sampler what its network made of its question, and puts the latent where
    /// the step ends. Says whether there is another question.
    fn tell(
        &mut self,
        lane: u32,
        answer: Answer<B::Tensor>,
        next: NoiseLevel,
        guided: bool,
    ) -> Result<bool, Error> {
        let Mover::Sigmas(walks) = &mut self.mover else { return Ok(false) };
        let mut streams = Streams {
            backend: &mut *self.backend,
            lane,
            shape: &self.shape,
            span: walks.span,
            draws: &mut self.draws[lane as usize],
        };
        let walk = walks.of(lane);
        match walk.tell(answer, &mut streams)? {
            Told::Asks => Ok(true),
            Told::Stepped { mean, .. } => {
                if guided && self.mover.stochastic() {
                    self.context.set_mean(lane, from_sigma(&mean, next)?)?;
                }
                let Mover::Sigmas(walks) = &mut self.mover else { return Ok(false) };
                let latent = from_sigma(walks.of(lane).latent(), next)?;
                self.context.set_latent(lane, latent)?;
                Ok(false)
            }
        }
    }

    fn walks(&mut self) -> Option<&mut Walks<B::Tensor>> {
        match &mut self.mover {
            Mover::Sigmas(walks) => Some(walks),
            Mover::Levels(_) => None,
        }
    }

    /// Has solvers forget what they knew of latents that operators replaced, which are at `level`.
    fn forget_rewritten(&mut self, level: NoiseLevel) -> Result<(), Error> {
        for lane in self.all().filter(|&lane| self.context.rewritten(lane)) {
            match &mut self.mover {
                Mover::Levels(stepper) => stepper.forget(lane),
                Mover::Sigmas(walks) => {
                    let latent = self.context.latent(lane)?;
                    walks.of(lane).replace(to_sigma(&latent, level)?);
                }
            }
        }
        Ok(())
    }

    /// The wanted lanes' results.
    pub fn finish(self) -> Result<Outcome<B::Tensor>, Error> {
        let wanted = |lane| match self.context.wanted(lane) {
            true => self.context.latent(lane).map(Some),
            false => Ok(None),
        };
        let latents = self.all().map(wanted).collect::<Result<_, Error>>()?;
        Ok(Outcome { latents, passes: self.passes })
    }
}

/// A lane's latent at the first level.
fn place<T: Tensor>(
    given: &T,
    noise: Option<T>,
    (first, start): (NoiseLevel, Start),
    (full, largest): (bool, bool),
) -> Result<T, Error> {
    match (noise, start) {
        (None, _) => Ok(given.share()),
        (Some(noise), Start::Noise) if full => Ok(noise),
        (Some(noise), start) => {
            let whole = start == Start::Add && largest;
            let deviation = if whole { 1.0 } else { first.noise };
            T::linear_combination(&[(given, first.signal), (&noise, deviation)])
        }
    }
}
