//! The step loop: lanes side by side from noise to image, with step operators.
//!
//! One `predict` call a step holds every lane that runs: all of them up to the policy's end, then
//! only the wanted ones. Each lane draws from its own stream, its initial noise first, and one that
//! is not stepped draws nothing, so a lane's result does not depend on which others run on. Models
//! with a clip have their guided clean latent clamped after `predicted`, last of all, and the
//! solver and the operators in `stepped` read the clamped one.
//!
//! A sampler of ComfyUI's ([`Solver::Named`]) may ask the networks several times in a step. Operators
//! act in `prepare` before the first of these calls and in `predicted` after it, and in `stepped`
//! when the step is done; the other calls are the sampler's own.

mod backend;
mod mask;
mod mover;
mod run;

use alloc::format;
use alloc::vec::Vec;

pub use self::backend::Backend;
use self::mask::Mask;
use self::mover::Mover;
use self::run::Run;
use super::schedule::Schedule;
use super::solver::Solver;
use super::{NoiseLevel, PredictionKind, StepContext, Tensor};
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
    /// What stands outside a mask, for samplers with noise of its own there; the whole of a stream
    /// that the argument is added to the lane's seed for.
    Outside(u64),
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

/// What a run begins with.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a, T> {
    /// One latent for all lanes, or one for each, as networks see them; all of one shape.
    pub latents: &'a [T],
    /// 1 where to sample, 0 where the latents stay as they are, of their shape or broadcast to it;
    /// in between both are mixed.
    pub mask: Option<&'a T>,
}

impl<'a, T> Given<'a, T> {
    fn latent(&self, lane: u32) -> &'a T {
        &self.latents[if self.latents.len() == 1 { 0 } else { lane as usize }]
    }
}

impl<'a, T> From<&'a [T]> for Given<'a, T> {
    fn from(latents: &'a [T]) -> Self {
        Self { latents, mask: None }
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Given<'a, T> {
    fn from(latents: &'a [T; N]) -> Self {
        Self { latents, mask: None }
    }
}

/// Runs `lanes` through `schedule`. [`Settings::start`] says what becomes of the latents that it is
/// given.
///
/// Fails where settings do not fit the lanes, where an operator refuses in its check (before any
/// noise is drawn), where there are operators and a sampler that chooses its own steps, and with
/// whatever the backend fails with.
pub fn sample<'a, B: Backend>(
    backend: &mut B,
    lanes: &[LaneSpec],
    schedule: &Schedule,
    settings: &Settings,
    given: impl Into<Given<'a, B::Tensor>>,
) -> Result<Outcome<B::Tensor>, Error>
where
    B::Tensor: 'a,
{
    let given = given.into();
    check(lanes, settings, schedule)?;
    let shape = shape(lanes, given.latents)?;
    let count = lanes.len() as u32;
    let (eta, denoise) = (settings.eta, settings.denoise);
    let mover = Mover::new(settings.solver, (eta, denoise), count, schedule)?;
    let levels = mover.levels(schedule, denoise);
    let steps = levels.len() as u32 - 1;
    let context = backend.context(count, steps, schedule.alphas_cumprod())?;
    for (lane, spec) in (0..).zip(lanes) {
        context.set_weight(lane, spec.weight);
        context.set_guidance(lane, spec.guidance);
        context.set_refine(lane, spec.refine);
        context.set_wanted(lane, settings.wanted[lane as usize]);
    }
    context.set_target(settings.target);
    context.set_stochastic(mover.stochastic());
    let end = backend.open_policy(steps)?;
    if let Some(sampler) = mover.with_own_steps().filter(|_| end > 0) {
        let name = sampler.as_str();
        let text =
            format!("the sampler {name} chooses its own steps, operators need the schedule's");
        return Err(Error::new(Code::Unsupported, text).at("policy"));
    }
    backend.check(&context)?;
    let mut run = Run::new(backend, (lanes, schedule), (shape, steps, end), context, mover);
    let largest = schedule.is_largest(schedule.sigmas(denoise)[0]);
    let full = (schedule.is_full(denoise), largest);
    let done = run.begin(&given, &levels, settings.start, full)?;
    for (index, pair) in (0..).zip(levels.windows(2)).skip(done as usize) {
        run.step(index, pair[0], pair[1])?;
    }
    run.finish()
}

fn check(lanes: &[LaneSpec], settings: &Settings, schedule: &Schedule) -> Result<(), Error> {
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
    if let Solver::Named(sampler) = settings.solver
        && schedule.alphas_cumprod().is_empty()
    {
        let name = sampler.as_str();
        let text = format!("the sampler {name} with a flow model, expected cumulative alphas");
        return Err(Error::new(Code::Unsupported, text).at("solver"));
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
