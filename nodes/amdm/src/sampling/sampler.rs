//! `Sampler`: the step loop of `amdm::math` over the host's networks, noise and operators.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use amdm::error::{Code, Error as MathError};
use amdm::math::schedule::{Schedule, Spacing};
use amdm::math::{
    Backend, Checkpoint, Draw, LaneRequest, LaneSpec, Phase, Prediction, Settings, Solver, Start,
    sample,
};
use amdm::rng::lane_seed;
use amdm_sdk::math::{Context, Handle, lift, lift_kind, lower, lower_phase};
use amdm_sdk::{
    Call, Error, LatentInfo, Model, ModelInfo, Object, Policy, Request, StepContext, Tensor, json,
};

use super::{latent, noise::Noise};
use crate::pack::sampler::{self, Inputs, Outputs};

/// A lane as the host's objects describe it.
struct Lane {
    model: Model,
    info: ModelInfo,
    positive: Object,
    negative: Option<Object>,
    spec: LaneSpec,
    seed: Option<u64>,
}

impl Lane {
    fn read(object: &Object) -> Result<Self, Error> {
        let model = Model::from_object(&object.get("model")?)?;
        let info = model.info();
        let spec = LaneSpec {
            prediction: lift_kind(info.prediction),
            clip: info.clip,
            guidance: object.get("guidance")?,
            weight: object.get("weight")?,
            refine: object.get("refine")?,
        };
        Ok(Self {
            positive: object.get("positive")?,
            negative: object.get_optional("negative")?,
            seed: object.get_optional("seed")?,
            model,
            info,
            spec,
        })
    }
}

/// What the step loop asks for, answered by the host.
struct Host<'a> {
    call: &'a Call,
    lanes: &'a [Lane],
    noise: Noise,
    policy: Option<&'a Object>,
    opened: Option<Policy>,
}

impl Backend for Host<'_> {
    type Tensor = Handle;
    type Context = Context<StepContext>;

    fn context(
        &mut self,
        lanes: u32,
        steps: u32,
        alphas_cumprod: &[f64],
    ) -> Result<Self::Context, MathError> {
        Ok(Context(StepContext::new(lanes, steps, alphas_cumprod)))
    }

    fn open_policy(&mut self, steps: u32) -> Result<u32, MathError> {
        let Some(object) = self.policy else { return Ok(0) };
        let policy = Policy::open(object, steps).map_err(lift)?;
        let end = policy.end();
        self.opened = Some(policy);
        Ok(end)
    }

    fn wants_parts(&mut self, step: u32) -> bool {
        self.opened.as_ref().is_some_and(|policy| policy.wants_parts(step))
    }

    fn check(&mut self, context: &Self::Context) -> Result<(), MathError> {
        self.opened.as_ref().map_or(Ok(()), |policy| policy.check(&context.0).map_err(lift))
    }

    fn apply(&mut self, phase: Phase, context: &Self::Context) -> Result<(), MathError> {
        let apply = |policy: &Policy| policy.apply(lower_phase(phase), &context.0).map_err(lift);
        self.opened.as_ref().map_or(Ok(()), apply)
    }

    fn predict(
        &mut self,
        requests: &[LaneRequest<'_, Handle>],
        parts: bool,
    ) -> Result<Vec<Prediction<Handle>>, MathError> {
        let asked = requests
            .iter()
            .map(|request| {
                let lane = &self.lanes[request.lane as usize];
                Request {
                    model: &lane.model,
                    latent: &request.latent.0,
                    level: amdm_sdk::math::lower_level(request.level),
                    positive: &lane.positive,
                    negative: lane.negative.as_ref(),
                    guidance: request.guidance,
                    step: request.step,
                    steps: request.steps,
                }
            })
            .collect::<Vec<_>>();
        let predictions = amdm_sdk::predict(&asked, parts).map_err(lift)?;
        Ok(predictions
            .into_iter()
            .map(|prediction| Prediction {
                guided: Handle(prediction.guided),
                conditional: prediction.conditional.map(Handle),
                unconditional: prediction.unconditional.map(Handle),
            })
            .collect())
    }

    fn noise(&mut self, lane: u32, shape: &[u32], draw: Draw) -> Result<Handle, MathError> {
        self.noise.draw(lane as usize, shape, draw).map(Handle).map_err(lift)
    }

    fn resume(
        &mut self,
        size: (u32, u32),
        shape: &[u32],
    ) -> Result<Option<Checkpoint<Handle>>, MathError> {
        let Some((numbers, tensors)) = self.call.checkpoint() else { return Ok(None) };
        let tensors = tensors.into_iter().map(Handle).collect();
        Ok(Checkpoint::from_parts(&numbers, tensors, size, shape))
    }

    fn wants_checkpoint(&mut self, next: u32) -> bool {
        let resumable = |policy: &Policy| policy.resumable(next);
        self.call.checkpoint_due() && self.opened.as_ref().is_none_or(resumable)
    }

    fn keep(&mut self, checkpoint: &Checkpoint<Handle>) -> Result<(), MathError> {
        let (numbers, tensors) = checkpoint.to_parts();
        let tensors = tensors.iter().map(|tensor| &tensor.0).collect::<Vec<_>>();
        self.call.keep_checkpoint(&numbers, &tensors).map_err(lift)
    }

    fn progress(
        &mut self,
        done: u32,
        total: u32,
        context: &Self::Context,
    ) -> Result<(), MathError> {
        self.call.progress(done, total);
        if self.call.cancelled() {
            return Err(MathError::new(Code::Cancelled, "the run was stopped"));
        }
        let target = context.0.target();
        if let Ok(latent) = context.0.latent(target) {
            self.call.preview(&self.lanes[target as usize].model, &latent);
        }
        Ok(())
    }
}

/// Runs the lanes from noise, or from the latent, to their results.
pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let lanes = inputs.lanes.members().iter().map(Lane::read).collect::<Result<Vec<_>, Error>>()?;
    let target = check(&inputs, &lanes)?;
    let latents = latents(&inputs, &target.info, lanes.len())?;
    let specs = lanes.iter().map(|lane| lane.spec).collect::<Vec<_>>();
    let all = call.output_wanted("all_lanes");
    let settings = Settings {
        solver: solver(inputs.solver),
        eta: inputs.eta,
        // A schedule from outside runs whole.
        denoise: if inputs.sigmas.is_some() { 1.0 } else { inputs.denoise },
        start: start(inputs.start),
        target: inputs.target,
        wanted: (0..lanes.len()).map(|lane| all || lane == inputs.target as usize).collect(),
    };
    let schedule = schedule(&inputs, settings.solver, target).map_err(lower)?;
    let seed = |(index, lane): (u32, &Lane)| lane.seed.unwrap_or(lane_seed(inputs.seed, index));
    let seeds = (0..).zip(&lanes).map(seed).collect::<Vec<u64>>();
    let noise = Noise::new(&inputs, &target.info, &seeds, &latents[0].0.shape())?;
    let shown = json::array(seeds.iter().map(ToString::to_string));
    call.set_ui(&json::object([("seeds", shown)]));
    let mut host =
        Host { call, lanes: &lanes, noise, policy: inputs.policy.as_ref(), opened: None };
    let outcome = sample(&mut host, &specs, &schedule, &settings, &latents).map_err(lower)?;
    outputs(outcome.latents, inputs.target as usize, all, &target.info.latent)
}

/// Refuses lanes that cannot share a sampling; gives the target.
fn check<'a>(inputs: &Inputs, lanes: &'a [Lane]) -> Result<&'a Lane, Error> {
    let count = lanes.len();
    let Some(target) = lanes.get(inputs.target as usize) else {
        let found = inputs.target;
        let expected = format!("found lane {found}, expected one from 0 to {}", count - 1);
        return Err(Error::invalid(expected).at("target"));
    };
    for (index, lane) in lanes.iter().enumerate() {
        let (name, own) = (&lane.info.name, &lane.info.latent.space);
        if *own != target.info.latent.space {
            return Err(Error::invalid(format!(
                "lane {index} ({name}) works in the latent space {own:?}, the target \
                 ({}) in {:?}; lanes must share one",
                target.info.name, target.info.latent.space
            ))
            .at("lanes"));
        }
    }
    Ok(target)
}

fn schedule(inputs: &Inputs, solver: Solver, target: &Lane) -> Result<Schedule, MathError> {
    let alphas = target.info.alphas_cumprod.clone();
    if let Some(sigmas) = &inputs.sigmas {
        return Schedule::from_sigmas(alphas, &values(sigmas)?);
    }
    let spacing = match inputs.spacing {
        sampler::Spacing::Native => Spacing::Native,
        sampler::Spacing::Leading => Spacing::Leading,
        sampler::Spacing::Trailing => Spacing::Trailing,
        sampler::Spacing::Linspace => Spacing::Linspace,
    };
    let native = |steps| target.model.timesteps(steps).map_err(lift);
    let timesteps = spacing.timesteps(solver, inputs.steps, alphas.len() as u32, native)?;
    Schedule::new(alphas, &timesteps, solver.final_alpha(target.info.final_alpha))
}

/// The numbers of a schedule from outside.
fn values(sigmas: &Tensor) -> Result<Vec<f64>, MathError> {
    let shape = sigmas.shape();
    if shape.len() != 1 {
        let text = format!("found a tensor of shape {shape:?}, expected [steps + 1]");
        return Err(MathError::invalid(text).at("sigmas"));
    }
    let values = sigmas.read_f32().map_err(lift)?;
    Ok(values.into_iter().map(f64::from).collect())
}

/// One latent for all lanes, or one for each.
fn latents(inputs: &Inputs, model: &ModelInfo, lanes: usize) -> Result<Vec<Handle>, Error> {
    let whole = latent::to_network(&latent::samples(&inputs.latent, model)?, &model.latent)?;
    let Some(each) = &inputs.lane_latents else { return Ok(vec![Handle(whole)]) };
    let named = |error: Error| error.at("lane_latents");
    let each = latent::samples(each, model).map_err(named)?;
    let each = latent::to_network(&each, &model.latent)?;
    let each = latent::by_lanes(&each, &whole.shape(), lanes).map_err(named)?;
    Ok(each.into_iter().map(Handle).collect())
}

fn start(start: sampler::Start) -> Start {
    match start {
        sampler::Start::Noise => Start::Noise,
        sampler::Start::Add => Start::Add,
        sampler::Start::Given => Start::Given,
    }
}

fn solver(solver: sampler::Solver) -> Solver {
    match solver {
        sampler::Solver::Ddim => Solver::Ddim,
        sampler::Solver::Euler => Solver::Euler,
        sampler::Solver::EulerAncestral => Solver::EulerAncestral,
        sampler::Solver::Dpmpp2m => Solver::Dpmpp2m,
    }
}

fn outputs(
    latents: Vec<Option<Handle>>,
    target: usize,
    all: bool,
    info: &LatentInfo,
) -> Result<Outputs, Error> {
    let batch = latents.iter().flatten().map(|latent| &latent.0).collect::<Vec<_>>();
    let wire =
        |samples: &Tensor| latent::build(latent::to_wire(samples, info)?, info.space.clone());
    let all_lanes = match all {
        true => Some(wire(&Tensor::concat(&batch, 0)?)?),
        false => None,
    };
    let missing = || Error::internal("the target lane has no result");
    let result = latents.into_iter().nth(target).flatten().ok_or_else(missing)?;
    Ok(Outputs { latent: wire(&result.0)?, all_lanes })
}
