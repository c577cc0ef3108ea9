//! The recorded cases: settings, inputs and results.

use std::path::PathBuf;

use amdm::rng::TorchCpu;
use safetensors::SafeTensors;
use serde::Deserialize;

/// What the codec of Stable Diffusion multiplies latents by.
pub const SCALE: f64 = 0.18215;

#[derive(Deserialize)]
pub struct Recording {
    pub network: Network,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
pub struct Network {
    pub constants: Constants,
    pub k_positive: f64,
    pub k_negative: f64,
}

#[derive(Clone, Copy, Deserialize)]
pub struct Constants {
    pub l: f64,
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
}

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub model: String,
    pub sampler: String,
    pub seed: String,
    pub cfg: f64,
    pub latent: String,
    pub sigmas: Vec<f64>,
    pub timesteps: Vec<serde_json::Value>,
    pub tol_given_sigmas: f64,
    pub absmax: f64,
    #[serde(default)]
    pub add_noise: Option<String>,
    #[serde(default)]
    pub seed_plus_one: bool,
}

/// A tensor: shape and values.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    pub shape: Vec<u32>,
    pub values: Vec<f32>,
}

impl Case {
    /// The seed as generators take it: its low 32 bits.
    pub fn seed(&self) -> u64 {
        self.seed.parse::<u64>().unwrap() & 0xffff_ffff
    }

    /// What the sampling starts from, in the network's scale.
    pub fn start(&self, tensors: &Tensors) -> Values {
        let word = self.latent.split('+').next().unwrap();
        match word {
            "zero" => Values { shape: vec![1, 4, 8, 8], values: vec![0.0; 256] },
            "zero_b2" => Values { shape: vec![2, 4, 8, 8], values: vec![0.0; 512] },
            name => {
                let mut given = tensors.get(&format!("input/{name}"));
                given.values.iter_mut().for_each(|value| *value *= SCALE as f32);
                given
            }
        }
    }

    /// Noise that is not the seed's own: none at all, or drawn for other places of a batch.
    pub fn noise(&self, shape: &[u32]) -> Option<Values> {
        let count: u32 = shape.iter().product();
        if self.add_noise.as_deref() == Some("disable") {
            return Some(Values { shape: shape.to_vec(), values: vec![0.0; count as usize] });
        }
        let (_, places) = self.latent.split_once("+bi")?;
        let places = places.split('_').map(|place| place.parse::<usize>().unwrap());
        let places = places.collect::<Vec<_>>();
        let mut stream = TorchCpu::new(self.seed());
        let one = (count / shape[0]) as usize;
        let drawn = (0..=*places.iter().max().unwrap()).map(|_| stream.normal(one));
        let drawn = drawn.collect::<Vec<_>>();
        let values = places.iter().flat_map(|&place| drawn[place].clone()).collect();
        Some(Values { shape: shape.to_vec(), values })
    }
}

/// The recorded tensors.
pub struct Tensors(Vec<u8>);

impl Tensors {
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn get(&self, name: &str) -> Values {
        let all = SafeTensors::deserialize(&self.0).unwrap();
        let found = all.tensor(name).unwrap();
        let shape = found.shape().iter().map(|&extent| extent as u32).collect();
        let words = found.data().as_chunks::<4>().0;
        Values { shape, values: words.iter().map(|&word| f32::from_le_bytes(word)).collect() }
    }
}

pub fn read() -> (Recording, Tensors) {
    let folder: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../tests/fixtures/comfyui-sampler"].iter().collect();
    let recording = std::fs::read(folder.join("cases.json")).unwrap();
    let tensors = std::fs::read(folder.join("tensors.safetensors")).unwrap();
    (serde_json::from_slice(&recording).unwrap(), Tensors(tensors))
}
