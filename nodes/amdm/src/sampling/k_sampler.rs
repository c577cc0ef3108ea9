//! `KSampler`: one model by ComfyUI's rules.

use amdm::math::schedule::StepRange;
use amdm_sdk::{Call, Error};

use super::named::Named;
use crate::pack::k_sampler::{Inputs, Outputs, StepNoise};

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let named = Named {
        model: inputs.model,
        positive: inputs.positive,
        negative: inputs.negative,
        latent: inputs.latent_image,
        cfg: inputs.cfg,
        sampler: &inputs.sampler_name,
        scheduler: &inputs.scheduler,
        steps: inputs.steps,
        denoise: inputs.denoise,
        range: StepRange::ALL,
        seed: inputs.seed,
        adds_noise: true,
        step_seed: u64::from(inputs.step_noise == Some(StepNoise::NextSeed)),
    };
    Ok(Outputs { latent: named.run(call)? })
}
