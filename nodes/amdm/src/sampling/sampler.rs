//! `Sampler`: lanes side by side, with step operators.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use amdm::error::Error as MathError;
use amdm::math::schedule::{Schedule, Spacing};
use amdm::math::{Given, Settings, Solver, Start};
use amdm::rng::lane_seed;
use amdm_sdk::math::{Handle, lift, lower};
use amdm_sdk::{Call, Error, LatentInfo, ModelInfo, Object, Tensor, json};

use super::latent;
use super::noise::{Noise, StepSeeds};
use super::steps::{Lane, Steps};
use crate::pack::sampler::{self, Inputs, Outputs, StepNoise};

/// A lane as `Lane` makes it, and the seed that it has of its own.
fn read(object: &Object) -> Result<(Lane, Option<u64>), Error> {
    let model = object.get("model")?;
    let mut lane = Lane::new(&model, object.get("positive")?, object.get("guidance")?)?;
    lane.spec.weight = object.get("weight")?;
    lane.spec.refine = object.get("refine")?;
    lane.negative = object.get_optional("negative")?;
    Ok((lane, object.get_optional("seed")?))
}

/// Runs the lanes from noise, or from the latent, to their results.
pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let lanes = inputs.lanes.members().iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let (lanes, own): (Vec<Lane>, Vec<Option<u64>>) = lanes.into_iter().unzip();
    let target = check(&inputs, &lanes)?;
    let latents = latents(&inputs, &target.info, lanes.len())?;
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
    let seed = |(index, own): (u32, Option<u64>)| own.unwrap_or(lane_seed(inputs.seed, index));
    let seeds = (0..).zip(own).map(seed).collect::<Vec<u64>>();
    let shown = json::array(seeds.iter().map(ToString::to_string));
    let given = noise_given(&inputs, &target.info, &latents[0].0.shape(), lanes.len())?;
    let noise = Noise::new(seeds, given, step_seeds(&inputs));
    call.set_ui(&json::object([("seeds", shown)]));
    let mask = latent::mask(&inputs.latent, &latents[0].0)?.map(Handle);
    let steps = Steps {
        lanes: &lanes,
        schedule: &schedule,
        settings: &settings,
        given: Given { latents: &latents, mask: mask.as_ref() },
        noise,
        policy: inputs.policy.as_ref(),
    };
    let outcome = steps.run(call)?;
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

/// First noise from outside, by lane, where it is given.
fn noise_given(
    inputs: &Inputs,
    model: &ModelInfo,
    shape: &[u32],
    lanes: usize,
) -> Result<Option<Vec<Tensor>>, Error> {
    let Some(noise) = &inputs.noise else { return Ok(None) };
    let named = |error: Error| error.at("noise");
    let noise = latent::samples(noise, model).map_err(named)?;
    latent::by_lanes(&noise, shape, lanes).map(Some).map_err(named)
}

fn step_seeds(inputs: &Inputs) -> StepSeeds {
    match inputs.step_noise {
        StepNoise::Continue => StepSeeds::Continue,
        StepNoise::Restart => StepSeeds::Shifted(0),
        StepNoise::OwnSeed => StepSeeds::Shifted(inputs.step_seed),
    }
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
