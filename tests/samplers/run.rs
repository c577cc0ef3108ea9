//! One latent through a sampler, as a step loop would do it.

use amdm::error::Error;
use amdm::math::schedule::SigmaTable;
use amdm::math::solver::sigma::inpaint::{Inpaint, resize_mask};
use amdm::math::solver::sigma::{Answer, Supply, Told, Walk, network};
use amdm::math::{NoiseLevel, Sampler, Tensor};
use amdm::rng::{Brownian, TorchCpu, initial_noise};

use crate::data::{Case, Latent, Network, Tensors};
use crate::network::{kind, pass};

/// What the codec of Stable Diffusion multiplies latents by.
const SCALE: f64 = 0.18215;

/// A sampler's noise from torch's generators.
pub struct Streams {
    shape: Vec<u32>,
    stream: TorchCpu,
    brownian: Brownian,
}

impl Streams {
    pub fn new(seed: u64, sigmas: &[f64], shape: &[u32]) -> Self {
        let n = shape.iter().product::<u32>() as usize;
        let low = sigmas.iter().copied().filter(|sigma| *sigma > 0.0).fold(f64::MAX, f64::min);
        let high = sigmas.iter().copied().fold(0.0, f64::max);
        let brownian = Brownian::new(seed, low.min(high), high, n);
        Self { shape: shape.to_vec(), stream: TorchCpu::new(seed), brownian }
    }

    fn count(&self) -> usize {
        self.shape.iter().product::<u32>() as usize
    }
}

impl Supply<Latent> for Streams {
    fn draw(&mut self) -> Result<Latent, Error> {
        let values = self.stream.normal(self.count());
        Ok(Latent::new(&self.shape, values))
    }

    fn between(&mut self, from: f64, to: f64) -> Result<Latent, Error> {
        Ok(Latent::new(&self.shape, self.brownian.between(from, to)))
    }

    fn read(&mut self, tensor: &Latent) -> Result<Vec<f64>, Error> {
        Ok(tensor.wide())
    }
}

/// What a run gave.
pub struct Run {
    /// In the codec's scale.
    pub latent: Latent,
    /// The timesteps that the network was told.
    pub timesteps: Vec<u32>,
}

/// All that a network call needs.
pub struct Model<'a> {
    pub network: &'a Network,
    pub table: &'a SigmaTable,
    pub name: &'a str,
    pub cfg: f64,
    pub sampler: Sampler,
    pub mask: Option<Inpaint<Latent>>,
}

impl Model<'_> {
    /// The answer to a question, and the timestep that the network was told.
    pub fn answer(&self, latent: &Latent, sigma: f64) -> (Answer<Latent>, u32) {
        let masked =
            self.mask.as_ref().map(|mask| mask.before(latent, sigma_space(sigma)).unwrap());
        let latent = masked.as_ref().unwrap_or(latent);
        let input = latent.affine(network::input_scale(sigma), 0.0).unwrap();
        let timestep = self.table.timestep(sigma);
        let (keep, factor) = network::denoised_factors(kind(self.name), sigma).unwrap();
        let denoised = |k: f64| {
            let output = pass(self.network.constants, &input, timestep, k);
            Latent::linear_combination(&[(latent, keep), (&output, factor)]).unwrap()
        };
        let positive = denoised(self.network.k_positive);
        let asks = self.sampler.needs_negative() || !network::is_unguided(self.cfg);
        let negative = asks.then(|| denoised(self.network.k_negative));
        let guided = match &negative {
            Some(negative) => network::guide(&positive, negative, self.cfg).unwrap(),
            None => positive,
        };
        let guided = self.mask.as_ref().map_or(guided.share(), |mask| mask.after(&guided).unwrap());
        (Answer { denoised: guided, negative }, timestep)
    }
}

/// Runs a case over these sigmas. `seed_shift` is added for the sampler's own noise.
pub fn run(
    case: &Case,
    network: &Network,
    table: &SigmaTable,
    inputs: &Tensors,
    sigmas: &[f64],
    seed_shift: u64,
) -> Run {
    let sampler = Sampler::from_name(&case.sampler).unwrap();
    let seed: u64 = case.seed.parse().unwrap();
    let words: Vec<&str> = case.latent.split('+').collect();
    let given = start(words[0], inputs);
    let shape = given.shape();
    if sigmas.len() < 2 {
        return Run { latent: given, timesteps: Vec::new() };
    }
    let clean = given.affine(SCALE, 0.0).unwrap();
    let noise = first_noise(case, &words, seed, &shape);
    let mask = words.iter().find(|word| word.starts_with("mask")).map(|name| {
        let mask = inputs.get(name);
        let [one, height, width] = mask.shape()[..] else { panic!("{name}") };
        let size = (shape[2] as usize, shape[3] as usize);
        let values = resize_mask(mask.values(), (height as usize, width as usize), size).unwrap();
        let mask = Latent::new(&[one, 1, shape[2], shape[3]], values);
        let outside = match sampler.mask_noise_seed() {
            Some(shift) => {
                let mut stream = TorchCpu::new(seed.wrapping_add(shift));
                Latent::new(&shape, stream.normal(clean.values().len()))
            }
            None => noise.share(),
        };
        Inpaint::new(mask, clean.share(), outside).unwrap()
    });
    let latent = network::start(&clean, &noise, sigmas[0], table).unwrap();
    let noisy = (table.percent_to_sigma(0.2), table.percent_to_sigma(0.8));
    let mut walk = Walk::new(sampler, sigmas, noisy, latent).unwrap();
    let model = Model { network, table, name: &case.model, cfg: case.cfg, sampler, mask };
    let mut supply = Streams::new(seed.wrapping_add(seed_shift), sigmas, &shape);
    let promised = walk.calls_left();
    let mut timesteps = Vec::new();
    while let Some(ask) = walk.ask() {
        let left = walk.calls_left();
        let (answer, timestep) = model.answer(ask.latent, ask.sigma);
        timesteps.push(timestep);
        let step = walk.step();
        let told = walk.tell(answer, &mut supply).unwrap();
        assert_eq!(matches!(told, Told::Stepped { .. }), walk.step() == step + 1);
        if let Some(left) = left {
            assert_eq!(Some(left - 1), walk.calls_left(), "{}", case.name);
        }
    }
    if let Some(promised) = promised {
        assert_eq!(promised as usize, timesteps.len(), "{}", case.name);
    }
    Run { latent: walk.latent().affine(1.0 / SCALE, 0.0).unwrap(), timesteps }
}

/// The level of a latent in sigma space.
fn sigma_space(sigma: f64) -> NoiseLevel {
    NoiseLevel { timestep: 0.0, signal: 1.0, noise: sigma }
}

fn start(name: &str, inputs: &Tensors) -> Latent {
    match name {
        "zero" => Latent::new(&[1, 4, 8, 8], vec![0.0; 256]),
        "zero_b2" => Latent::new(&[2, 4, 8, 8], vec![0.0; 512]),
        name => inputs.get(name),
    }
}

fn first_noise(case: &Case, words: &[&str], seed: u64, shape: &[u32]) -> Latent {
    let count = shape.iter().product::<u32>() as usize;
    if case.add_noise.as_deref() == Some("disable") {
        return Latent::new(shape, vec![0.0; count]);
    }
    let places = words
        .iter()
        .find_map(|word| word.strip_prefix("bi"))
        .map(|places| places.split('_').map(|place| place.parse().unwrap()).collect::<Vec<u32>>());
    let batch = shape[0] as usize;
    let values = initial_noise(seed, batch, count / batch, places.as_deref()).unwrap();
    Latent::new(shape, values)
}
