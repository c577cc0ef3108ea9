//! One latent through a sampler, with an evaluation of entries at each call.

use std::sync::Arc;

use amdm::error::Error;
use amdm::math::schedule::{SigmaTable, scaled_linear_cumulative};
use amdm::math::solver::sigma::inpaint::{Inpaint, resize_mask};
use amdm::math::solver::sigma::{Answer, Supply, Walk, network};
use amdm::math::{NoiseLevel, Sampler, Tensor as _};
use amdm::rng::initial_noise;
use amdm_diffusion::{Denoiser, Entry, Question, Tensor, ask};

use super::data::{Case, Constants, Given, Tensors};
use super::network::{Analytic, Row};

/// What the codec of Stable Diffusion multiplies latents by.
const SCALE: f64 = 0.18215;

/// The table of Stable Diffusion 1.x.
pub fn table() -> SigmaTable {
    SigmaTable::new(&scaled_linear_cumulative(1000, 0.00085, 0.012)).unwrap()
}

/// What a run gave.
pub struct Run {
    /// In the codec's scale.
    pub latent: Vec<f32>,
    /// What the network saw at each step, in order of size.
    pub rows: Vec<Vec<Row>>,
}

/// The samplers of these cases draw no noise.
struct Silent;

impl Supply<Tensor> for Silent {
    fn draw(&mut self) -> Result<Tensor, Error> {
        panic!("noise was drawn")
    }

    fn between(&mut self, _: f64, _: f64) -> Result<Tensor, Error> {
        panic!("noise was drawn")
    }

    fn read(&mut self, tensor: &Tensor) -> Result<Vec<f64>, Error> {
        Ok(tensor.to_f32()?.into_iter().map(f64::from).collect())
    }
}

/// Runs a case over these sigmas.
pub fn run(
    case: &Case,
    constants: Constants,
    tensors: &Tensors,
    table: &SigmaTable,
    sigmas: &[f64],
) -> Result<Run, Error> {
    let network = Arc::new(Analytic::new(constants));
    let model = Arc::clone(&network) as Arc<dyn Denoiser>;
    let side = |given: &[Given]| {
        given.iter().map(|given| given.entry(case, tensors)).collect::<Result<Vec<Entry>, _>>()
    };
    let (positive, negative) = (side(&case.positive)?, side(&case.negative)?);
    let shape = [case.batch, 4, 12, 16];
    let count = shape.iter().product::<u32>() as usize;
    let batch = case.batch as usize;
    let noise = initial_noise(case.seed, batch, count / batch, None)?;
    let noise = Tensor::from_f32(tensors.device(), &shape, noise)?;
    let clean = match tensors.find(&format!("{}/start", case.name)) {
        Some(start) => start.affine(SCALE, 0.0)?,
        None => noise.affine(0.0, 0.0)?,
    };
    let inpaint = case.noise_mask.as_ref().map(|name| {
        let mask = tensors.get(&format!("mask/{name}"));
        let &[_, height, width] = mask.extents() else { panic!("{name}") };
        let from = (height as usize, width as usize);
        let values = resize_mask(&mask.to_f32().unwrap(), from, (12, 16)).unwrap();
        let mask = Tensor::from_f32(tensors.device(), &[1, 1, 12, 16], values).unwrap();
        Inpaint::new(mask, clean.clone(), noise.clone()).unwrap()
    });
    let start = network::start(&clean, &noise, sigmas[0], table)?;
    let sampler = Sampler::from_name(&case.sampler).unwrap();
    let mut walk = Walk::new(sampler, sigmas, (0.0, 0.0), start)?;
    let mut rows: Vec<Vec<Row>> = Vec::new();
    while let Some(asked) = walk.ask() {
        let sigma = asked.sigma;
        let signal = network::input_scale(sigma);
        let timestep = table.timestep(sigma).into();
        let level = NoiseLevel { timestep, signal, noise: sigma * signal };
        let scaled = asked.latent.affine(signal, 0.0)?;
        let scaled = match &inpaint {
            Some(inpaint) => inpaint.before(&scaled, level)?,
            None => scaled,
        };
        let question = Question {
            model: &model,
            latent: &scaled,
            level,
            positive: &positive,
            negative: Some(&negative),
            guidance: case.cfg,
            step: walk.step() as u32,
            steps: walk.steps() as u32,
        };
        let epsilon = ask(&[question], false, &|| false)?.remove(0).guided;
        let denoised = Tensor::linear_combination(&[(&scaled, 1.0 / signal), (&epsilon, -sigma)])?;
        let denoised = match &inpaint {
            Some(inpaint) => inpaint.after(&denoised)?,
            None => denoised,
        };
        let mut seen = network.rows();
        seen.sort_by(|a, b| a.partial_cmp(b).unwrap());
        rows.push(seen);
        walk.tell(Answer { denoised, negative: None }, &mut Silent)?;
    }
    Ok(Run { latent: walk.latent().affine(1.0 / SCALE, 0.0)?.to_f32()?, rows })
}
