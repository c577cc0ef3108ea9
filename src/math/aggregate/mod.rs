//! Aggregate step: merges the lanes at every step of a window.
//!
//! Methods that merge latents act in `stepped`: all lanes that have a prediction get one and the
//! same mix. Methods that share one image act in `prepare` and `predicted`. Refuses in its check,
//! before any network pass, what the lanes or the solver do not allow. Source: AMDM (arXiv
//! 2410.01262) and its published code.

mod image;
pub mod merge;

use alloc::format;
use alloc::vec::Vec;

use super::{Operator, Phase, StepContext, Tensor, window};
use crate::error::Error;

/// How lanes are merged; the same cases as `method` in `wit/standard-operators.wit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Along the arc between two lanes, norm interpolated; with more lanes, `Normalized`.
    #[default]
    Slerp,
    /// Weighted sum, rescaled to the weighted mean norm.
    Normalized,
    /// Fixed weights whose squares sum to 1 (the paper's form).
    Spherical,
    /// Means averaged, noises mixed spherically; needs a stochastic solver.
    MeanNoise,
    /// Weights that sum to 1 (baseline).
    Linear,
    /// One shared image, predictions averaged (baseline).
    EpsAverage,
    /// One shared image, guidance of all lanes summed (composable diffusion).
    Compose,
    /// One other lane alone for the window, then the target (baseline).
    Handoff,
    /// The published code to the last digit, quirks included.
    Official,
}

/// The operator; fields as the node's inputs in `wit/standard-operators.wit`.
#[derive(Clone, Debug)]
pub struct AggregateStep {
    /// How lanes are merged.
    pub method: Method,
    /// Share of the lanes that are not the target, 0 to 1; `official`: the first lane's.
    pub weight: f64,
    /// First step of the window: a step, or a fraction of all below 1.
    pub start: f64,
    /// End of the window, not included: a step, or a fraction of all at 1 or below.
    pub end: f64,
    /// The lane that handoff follows; where it is the target, the first other lane.
    pub source: u32,
    /// Guidance of every lane after the window; 0 keeps each lane's own.
    pub guidance_after: f64,
}

impl Default for AggregateStep {
    fn default() -> Self {
        Self {
            method: Method::Slerp,
            weight: 0.87,
            start: 0.0,
            end: 0.65,
            source: 0,
            guidance_after: 0.0,
        }
    }
}

impl<C: StepContext> Operator<C> for AggregateStep {
    fn window(&self, steps: u32, _before: &[(u32, u32)]) -> (u32, u32) {
        window::resolve(self.start, self.end, steps)
    }

    fn wants_parts(&self) -> bool {
        self.method == Method::Compose
    }

    fn check(&mut self, context: &C) -> Result<(), Error> {
        self.check_lanes(context)?;
        match self.method {
            Method::MeanNoise if !context.stochastic() => Err(Error::invalid(
                "mean-noise with a deterministic solver, expected one that adds noise",
            )
            .at("method")),
            Method::Handoff => self.check_handoff(context),
            Method::Official => self.check_official(context),
            _ => Ok(()),
        }
    }

    fn apply(&mut self, phase: Phase, context: &C) -> Result<(), Error> {
        match (phase, self.method) {
            (Phase::Prepare, Method::EpsAverage | Method::Compose) => image::share_input(context),
            (Phase::Prepare, Method::Handoff) => image::hand_over(context, self.source(context)),
            (Phase::Predicted, Method::EpsAverage) => image::average(context),
            (Phase::Predicted, Method::Compose) => image::compose(context),
            (Phase::Predicted, Method::Handoff) => image::take_over(context, self.source(context)),
            (Phase::Stepped, method) => {
                let shared = [Method::EpsAverage, Method::Compose, Method::Handoff];
                if !shared.contains(&method) {
                    self.merge(context)?;
                }
                self.guide_on(context);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl AggregateStep {
    fn check_lanes<C: StepContext>(&self, context: &C) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.weight) {
            return Err(Error::invalid(format!("{}, expected 0 to 1", self.weight)).at("weight"));
        }
        let lanes = context.lanes();
        if lanes < 2 {
            let text =
                format!("found {lanes} lane in the sampler, expected at least 2 to aggregate");
            return Err(Error::invalid(text));
        }
        let target = context.target();
        if (0..lanes).filter(|&lane| lane != target).all(|lane| context.weight(lane) == 0.0) {
            let text =
                format!("all lanes but the target {target} have weight 0, expected one above");
            return Err(Error::invalid(text));
        }
        Ok(())
    }

    fn check_handoff<C: StepContext>(&self, context: &C) -> Result<(), Error> {
        let (lanes, target) = (context.lanes(), context.target());
        if self.source >= lanes {
            let text = format!("lane {}, expected one below {lanes}", self.source);
            return Err(Error::invalid(text).at("source"));
        }
        let other = (0..lanes).find(|&lane| lane != target && context.wanted(lane));
        other.map_or(Ok(()), |lane| {
            let text = format!(
                "the result of lane {lane} with handoff, expected that of the target {target} alone"
            );
            Err(Error::invalid(text).at("method"))
        })
    }

    fn check_official<C: StepContext>(&self, context: &C) -> Result<(), Error> {
        let lanes = context.lanes();
        if !(2..=3).contains(&lanes) {
            let text = format!("{lanes} lanes with official, expected 2 or 3");
            return Err(Error::invalid(text).at("method"));
        }
        let second = context.weight(1);
        if !(0.0..=1.0).contains(&second) {
            let text = format!("weight {second} of lane 1 with official, expected 0 to 1");
            return Err(Error::invalid(text).at("method"));
        }
        Ok(())
    }

    /// The lane that handoff follows.
    fn source<C: StepContext>(&self, context: &C) -> u32 {
        let target = context.target();
        match self.source {
            source if source != target => source,
            _ => u32::from(target == 0),
        }
    }

    /// Gives the mix of all lanes that have a prediction to each of them; needs the target and
    /// another lane of weight above 0.
    fn merge<C: StepContext>(&self, context: &C) -> Result<(), Error> {
        if self.method == Method::Official && context.index() == 0 {
            return Ok(());
        }
        let lanes: Vec<u32> =
            (0..context.lanes()).filter(|&lane| context.has_prediction(lane)).collect();
        let target = context.target();
        let Some(target) = lanes.iter().position(|&lane| lane == target) else { return Ok(()) };
        let weights: Vec<f64> = lanes.iter().map(|&lane| context.weight(lane)).collect();
        let alone = (0..lanes.len()).all(|at| at == target || weights[at] == 0.0);
        if alone && (self.method != Method::Official || lanes.len() < 2) {
            return Ok(());
        }
        let latents = lanes.iter().map(|&lane| context.latent(lane));
        let latents = latents.collect::<Result<Vec<_>, _>>()?;
        let latents: Vec<_> = latents.iter().collect();
        let shares = merge::shares(self.weight, &weights, target);
        let mixed = match self.method {
            Method::Slerp if lanes.len() == 2 => {
                let other = 1 - target;
                merge::slerp(latents[target], latents[other], (shares[target], shares[other]))
            }
            Method::Slerp | Method::Normalized => merge::normalized(&latents, &shares),
            Method::Linear => merge::linear(&latents, &shares),
            Method::MeanNoise => {
                let means = lanes.iter().map(|&lane| mean(context, lane));
                let means = means.collect::<Result<Vec<_>, _>>()?;
                let means: Vec<_> = means.iter().collect();
                merge::mean_noise(&latents, &means, &shares)
            }
            Method::Official => {
                let shares = merge::official_shares(lanes.len(), self.weight, weights[1]);
                merge::spherical(&latents, &shares)
            }
            _ => merge::spherical(&latents, &shares),
        }?;
        lanes.iter().try_for_each(|&lane| context.set_latent(lane, mixed.share()))
    }

    /// At the window's last step, sets the guidance of the steps that follow.
    fn guide_on<C: StepContext>(&self, context: &C) {
        if self.guidance_after <= 0.0 {
            return;
        }
        let (_, end) = window::resolve(self.start, self.end, context.steps());
        if context.index() + 1 == end {
            for lane in 0..context.lanes() {
                context.set_guidance(lane, self.guidance_after);
            }
        }
    }
}

fn mean<C: StepContext>(context: &C, lane: u32) -> Result<C::Tensor, Error> {
    context.mean(lane).ok_or_else(|| {
        Error::invalid(format!("lane {lane} has no mean, expected a solver that adds noise"))
            .at("method")
    })
}
