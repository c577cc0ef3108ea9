//! A sampling of one model by the rules of ComfyUI's samplers and schedulers.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use amdm::math::schedule::{Schedule, Scheduler, SigmaTable, StepRange, run_sigmas};
use amdm::math::{Given, Sampler, Settings, Solver, Start, Tensor as _};
use amdm::rng::initial_noise;
use amdm_sdk::math::{Handle, lower};
use amdm_sdk::{Call, Error, Object, Tensor, Value};

use super::latent;
use super::noise::{Noise, StepSeeds};
use super::steps::{Lane, Steps};
use crate::batch;
use crate::latent::value::{self, SAMPLES, SPACE};

/// What such a sampling is asked for.
pub(super) struct Named<'a> {
    pub model: Object,
    pub positive: Object,
    pub negative: Object,
    pub latent: Object,
    pub cfg: f64,
    pub sampler: &'a str,
    pub scheduler: &'a str,
    pub steps: u32,
    pub denoise: f64,
    pub range: StepRange,
    pub seed: u64,
    /// Otherwise the latent holds its noise already.
    pub adds_noise: bool,
    /// What is added to the seed for the noise of steps.
    pub step_seed: u64,
}

impl Named<'_> {
    /// The latent that it ends on.
    pub fn run(self, call: &Call) -> Result<Object, Error> {
        let unknown = |what: &str, name: &str, input: &str| {
            Error::invalid(format!("found {what} {name:?}, expected one that there is")).at(input)
        };
        let sampler = Sampler::from_name(self.sampler);
        let sampler = sampler.ok_or_else(|| unknown("sampler", self.sampler, "sampler_name"))?;
        let scheduler = Scheduler::from_name(self.scheduler);
        let scheduler =
            scheduler.ok_or_else(|| unknown("scheduler", self.scheduler, "scheduler"))?;
        let mut lane = Lane::new(&self.model, self.positive, self.cfg)?;
        lane.negative = Some(self.negative);
        let alphas = lane.info.alphas_cumprod.clone();
        let table = SigmaTable::new(&alphas).map_err(|error| lower(error).at("model"))?;
        let discard = sampler.discards_penultimate();
        let asked = (self.steps, self.denoise);
        let sigmas = run_sigmas(&table, scheduler, asked, self.range, discard).map_err(lower)?;
        let info = &lane.info.latent;
        let samples =
            latent::samples(&self.latent, &lane.info).map_err(|error| error.at("latent_image"))?;
        if sigmas.len() < 2 {
            return Ok(self.latent);
        }
        let schedule = Schedule::from_table(alphas, table, &sigmas).map_err(lower)?;
        let given = Handle(latent::to_network(&samples, info)?);
        let (start, given) = match self.adds_noise {
            true => (Start::Add, given),
            // Such a latent is in sigma space.
            false => {
                let signal = schedule.level(sigmas[0]).signal;
                (Start::Given, given.affine(signal, 0.0).map_err(lower)?)
            }
        };
        let settings = Settings {
            solver: Solver::Named(sampler),
            eta: 0.0,
            denoise: 1.0,
            start,
            target: 0,
            wanted: vec![true],
        };
        let space = info.space.clone();
        let lanes = [lane];
        let latents = [given];
        let mask = latent::mask(&self.latent, &samples)?.map(Handle);
        let noise = first_noise(&self.latent, &samples, self.seed)?;
        let steps = Steps {
            lanes: &lanes,
            schedule: &schedule,
            settings: &settings,
            given: Given { latents: &latents, mask: mask.as_ref() },
            noise: Noise::new(vec![self.seed], noise, StepSeeds::Shifted(self.step_seed)),
            policy: None,
        };
        let outcome = steps.run(call)?;
        let missing = || Error::internal("the sampling has no result");
        let result = outcome.latents.into_iter().next().flatten().ok_or_else(missing)?;
        // Leftover noise stays in sigma space.
        let ends = sampler.ends_at(&sigmas);
        let result = result.affine(1.0 / schedule.level(ends).signal, 0.0).map_err(lower)?;
        let samples = latent::to_wire(&result.0, &lanes[0].info.latent)?;
        let fields = vec![(SAMPLES, Value::Tensor(samples)), (SPACE, Value::Text(space))];
        value::with(&self.latent, fields)
    }
}

/// The noise of a batch whose entries have places of their own in another.
fn first_noise(latent: &Object, samples: &Tensor, seed: u64) -> Result<Option<Vec<Tensor>>, Error> {
    let Some(places) = value::batch_index(latent)? else { return Ok(None) };
    let places = places.into_iter().map(|place| u32::try_from(place).unwrap_or(u32::MAX));
    let places = places.collect::<Vec<_>>();
    let shape = samples.shape();
    let count: usize = shape.iter().skip(1).map(|extent| *extent as usize).product();
    let batch = batch::entries(samples) as usize;
    let noise = initial_noise(seed, batch, count, Some(&places)).map_err(lower)?;
    Ok(Some(vec![Tensor::from_f32(&shape, &noise)?]))
}
