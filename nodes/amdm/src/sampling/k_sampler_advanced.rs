//! `KSamplerAdvanced`: a range of a schedule's steps by ComfyUI's rules.

use amdm::math::schedule::StepRange;
use amdm_sdk::{Call, Error};

use super::named::Named;
use crate::pack::k_sampler_advanced::{
    AddNoise, Inputs, Outputs, ReturnWithLeftoverNoise, StepNoise,
};

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<Outputs, Error> {
    let leftover = inputs.return_with_leftover_noise == ReturnWithLeftoverNoise::Enable;
    let range = StepRange { start: inputs.start_at_step, end: inputs.end_at_step, leftover };
    let named = Named {
        model: inputs.model,
        positive: inputs.positive,
        negative: inputs.negative,
        latent: inputs.latent_image,
        cfg: inputs.cfg,
        sampler: &inputs.sampler_name,
        scheduler: &inputs.scheduler,
        steps: inputs.steps,
        denoise: 1.0,
        range,
        seed: inputs.noise_seed,
        adds_noise: inputs.add_noise == AddNoise::Enable,
        step_seed: u64::from(inputs.step_noise == Some(StepNoise::NextSeed)),
    };
    Ok(Outputs { latent: named.run(call)? })
}
