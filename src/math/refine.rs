//! Manifold refinement: moves each lane's merged latent towards the posterior mean of that lane.
//!
//! Uses the prediction of the step, so it costs no network pass. `radius` is the paper's form
//! (AMDM, arXiv 2410.01262, equation 9), `shell` acts only on latents outside the shell on which
//! the posterior lies. The `official` mean is the published code's, with the noise and timestep of
//! the step before: it is called one step earlier to remember them, and refines nothing there.

use alloc::vec::Vec;

use super::process::{posterior, posterior_mean};
use super::{NoiseLevel, Operator, Part, Phase, StepContext, Tensor};
use crate::error::Error;

/// Radius of a shell below which it is a point: keeps divisions finite.
const TINY: f64 = 1e-30;

/// How far a latent moves; the same cases as `mode` in `wit/standard-operators.wit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Only where the latent lies outside the shell of the posterior, and back to it.
    #[default]
    Shell,
    /// By the radius (the paper's form).
    Radius,
}

/// Towards what; the same cases as `mean` in `wit/standard-operators.wit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mean {
    /// Mean of the posterior of the actual stride.
    #[default]
    Posterior,
    /// As the published code computes it; the norm is over the whole batch, and nothing clamps.
    Official,
}

/// The operator; settings as the node's inputs in `wit/standard-operators.wit`.
#[derive(Debug)]
pub struct ManifoldRefine<T> {
    mode: Mode,
    mean: Mean,
    radius: f64,
    shell: f64,
    clamp: bool,
    alphas_cumprod: Vec<f64>,
    before: Option<Before<T>>,
}

/// What the official mean takes from the step before.
#[derive(Debug)]
struct Before<T> {
    index: u32,
    now: NoiseLevel,
    epsilon: Vec<Option<T>>,
}

impl<T: Tensor> ManifoldRefine<T> {
    /// `radius` in units of sqrt(elements of a sample), `shell` in units of the posterior's
    /// deviation, both at least 0; `clamp` never moves beyond the mean.
    pub fn new(mode: Mode, mean: Mean, radius: f64, shell: f64, clamp: bool) -> Self {
        let (alphas_cumprod, before) = (Vec::new(), None);
        Self { mode, mean, radius, shell, clamp, alphas_cumprod, before }
    }

    fn refine_posterior<C>(
        &self,
        context: &C,
        lane: u32,
        (now, next): (NoiseLevel, NoiseLevel),
    ) -> Result<(), Error>
    where
        C: StepContext<Tensor = T>,
    {
        let sigma = posterior(now, next).sigma;
        let strength = match self.mode {
            Mode::Shell => sigma,
            Mode::Radius => self.radius * context.refine(lane),
        };
        if strength == 0.0 {
            return Ok(());
        }
        let latent = context.latent(lane)?;
        let denoised = context.denoised(lane, Part::Guided)?;
        let mean = posterior_mean(&context.input(lane)?, &denoised, now, next)?;
        let root = root_of_size(&latent.shape());
        let refined = match self.mode {
            Mode::Shell => to_shell(&latent, &mean, self.shell * sigma * root)?,
            Mode::Radius => by_radius(&latent, &mean, strength * root * next.scale(), self.clamp)?,
        };
        context.set_latent(lane, refined)
    }

    fn refine_official<C>(&mut self, context: &C) -> Result<(), Error>
    where
        C: StepContext<Tensor = T>,
    {
        let index = context.index();
        if self.alphas_cumprod.is_empty() {
            self.alphas_cumprod = context.alphas_cumprod();
        }
        let mut epsilon = Vec::with_capacity(context.lanes() as usize);
        for lane in 0..context.lanes() {
            let seen = context.has_prediction(lane);
            epsilon.push(if seen { Some(context.epsilon(lane, Part::Guided)?) } else { None });
        }
        let now = context.now();
        let before = self.before.replace(Before { index, now, epsilon });
        let Some(before) = before.filter(|before| before.index + 1 == index) else {
            return Ok(());
        };
        for (lane, epsilon) in (0..).zip(&before.epsilon) {
            let strength = self.radius * context.refine(lane);
            let Some(epsilon) = epsilon.as_ref().filter(|_| context.has_prediction(lane)) else {
                continue;
            };
            if strength == 0.0 {
                continue;
            }
            let input = context.input(lane)?;
            let timestep = before.now.timestep;
            let mean = official_mean(&input, epsilon, &self.alphas_cumprod, timestep)?;
            let latent = context.latent(lane)?;
            let shape = latent.shape();
            let length = strength * root_of_size(&shape) * context.next().scale();
            let whole = [1, shape.iter().product()];
            let (flat, mean) = (latent.reshape(&whole)?, mean.reshape(&whole)?);
            let refined = by_radius(&flat, &mean, length, false)?.reshape(&shape)?;
            context.set_latent(lane, refined)?;
        }
        Ok(())
    }
}

impl<C: StepContext> Operator<C> for ManifoldRefine<C::Tensor> {
    fn window(&self, _steps: u32, before: &[(u32, u32)]) -> (u32, u32) {
        match before.last() {
            Some(&(start, end)) if start < end => match self.mean {
                Mean::Posterior => (start, end),
                Mean::Official => (start.saturating_sub(1), end),
            },
            _ => (0, 0),
        }
    }

    fn wants_parts(&self) -> bool {
        false
    }

    fn check(&mut self, context: &C) -> Result<(), Error> {
        if self.mean == Mean::Posterior {
            return Ok(());
        }
        if self.mode == Mode::Shell {
            let text = "official with mode shell, expected posterior, which has a deviation";
            return Err(Error::invalid(text).at("mean"));
        }
        self.alphas_cumprod = context.alphas_cumprod();
        if self.alphas_cumprod.is_empty() {
            let text = "official with a flow model, expected cumulative alphas or posterior";
            return Err(Error::invalid(text).at("mean"));
        }
        Ok(())
    }

    fn apply(&mut self, phase: Phase, context: &C) -> Result<(), Error> {
        match (phase, self.mean) {
            (Phase::Stepped, Mean::Official) => self.refine_official(context),
            (Phase::Stepped, Mean::Posterior) => {
                let levels = (context.now(), context.next());
                (0..context.lanes())
                    .filter(|&lane| context.has_prediction(lane))
                    .try_for_each(|lane| self.refine_posterior(context, lane, levels))
            }
            _ => Ok(()),
        }
    }
}

/// The published code's mean, from the alpha of the one training step at `timestep` (rounded to a
/// whole one): `(input - (1 - alpha) / sqrt(1 - abar) epsilon) / sqrt(alpha)`.
pub fn official_mean<T: Tensor>(
    input: &T,
    epsilon: &T,
    alphas_cumprod: &[f64],
    timestep: f64,
) -> Result<T, Error> {
    let at = libm::rint(timestep) as usize;
    let table = |at: usize| alphas_cumprod.get(at).copied();
    let bar = table(at).ok_or_else(|| {
        Error::invalid("a timestep beyond the cumulative alphas, expected one inside").at("mean")
    })?;
    let alpha = bar / at.checked_sub(1).and_then(table).unwrap_or(1.0);
    let root = libm::sqrt(alpha);
    let factor = (1.0 - alpha) / (libm::sqrt(1.0 - bar) * root);
    T::linear_combination(&[(input, 1.0 / root), (epsilon, -factor)])
}

/// Moves each sample of `value` by `length` towards `mean`; with `clamp` never beyond it. A sample
/// that lies on the mean stays.
pub fn by_radius<T: Tensor>(value: &T, mean: &T, length: f64, clamp: bool) -> Result<T, Error> {
    let distance = distance(value, mean)?;
    let part = distance.affine(0.0, length)?.div(&distance)?;
    let zero = distance.affine(0.0, 0.0)?;
    let part = distance.select(0.0, &part, &zero)?;
    let part = if clamp { part.clamp(0.0, 1.0)? } else { part };
    T::sample_combination(&[value, mean], &[&part.affine(-1.0, 1.0)?, &part])
}

/// Moves each sample of `value` that is farther than `radius` from `mean` to that distance.
pub fn to_shell<T: Tensor>(value: &T, mean: &T, radius: f64) -> Result<T, Error> {
    let distance = distance(value, mean)?.clamp(radius.max(TINY), f64::INFINITY)?;
    let part = distance.affine(0.0, radius.max(TINY))?.div(&distance)?;
    T::sample_combination(&[value, mean], &[&part, &part.affine(-1.0, 1.0)?])
}

fn distance<T: Tensor>(value: &T, mean: &T) -> Result<T, Error> {
    let difference = value.sub(mean)?;
    difference.sample_dot(&difference)?.sqrt()
}

/// The square root of the number of elements of one sample.
fn root_of_size(shape: &[u32]) -> f64 {
    libm::sqrt(shape.iter().skip(1).map(|&extent| f64::from(extent)).product())
}
