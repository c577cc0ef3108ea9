//! The recordings: settings, inputs and results.

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use crate::dense::Dense;

pub type Latent = Dense<f32>;

/// The folder of the recordings.
pub fn folder() -> PathBuf {
    match std::env::var_os("AMDM_COMFYUI_RUN") {
        Some(folder) => PathBuf::from(folder).join("ksampler"),
        None => {
            [env!("CARGO_MANIFEST_DIR"), "../../tests/fixtures/comfyui-ksampler"].iter().collect()
        }
    }
}

#[derive(Deserialize)]
pub struct Recording {
    pub network: Network,
    pub cases: Vec<Case>,
    pub newer_seed_rule_cases: Vec<Case>,
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
    pub scheduler: String,
    pub seed: String,
    pub steps: u32,
    pub cfg: f64,
    pub denoise: Option<f64>,
    pub latent: String,
    pub sigmas: Option<Vec<f64>>,
    #[serde(default)]
    pub network_calls: usize,
    pub timesteps: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    pub tol_given_sigmas: f64,
    #[serde(default)]
    pub tol: f64,
    #[serde(default)]
    pub absmax: f64,
    #[serde(default)]
    pub flags: Vec<String>,
    pub add_noise: Option<String>,
    pub start_at_step: Option<u32>,
    pub end_at_step: Option<u32>,
    pub leftover: Option<String>,
}

impl Recording {
    pub fn read() -> Self {
        serde_json::from_slice(&std::fs::read(folder().join("index.json")).unwrap()).unwrap()
    }
}

/// One file of recorded tensors.
pub struct Tensors(Vec<u8>);

impl Tensors {
    pub fn read(file: &str) -> Self {
        Self(std::fs::read(folder().join(file).with_extension("safetensors")).unwrap())
    }

    fn all(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.0).unwrap()
    }

    /// Names that begin with `prefix`, in order.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = self.all().names().into_iter().map(Into::into).collect();
        names.retain(|name| name.starts_with(prefix));
        names.sort();
        names
    }

    pub fn get(&self, name: &str) -> Latent {
        let all = self.all();
        let found = all.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        let shape: Vec<u32> = found.shape().iter().map(|&extent| extent as u32).collect();
        let words = found.data().as_chunks::<4>().0;
        Dense::new(&shape, words.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    pub fn values(&self, name: &str) -> Vec<f32> {
        self.get(name).values().to_vec()
    }

    /// The values of a table in float32 or float64.
    pub fn wide(&self, name: &str) -> Vec<f64> {
        let all = self.all();
        let found = all.tensor(name).unwrap();
        if found.dtype() == Dtype::F32 {
            return self.values(name).into_iter().map(f64::from).collect();
        }
        assert_eq!(found.dtype(), Dtype::F64);
        found.data().as_chunks::<8>().0.iter().map(|&word| f64::from_le_bytes(word)).collect()
    }
}

/// The largest absolute difference; not a number where one is not.
pub fn gap(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let gaps = found.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs()));
    gaps.fold(0.0, |most: f64, gap| if gap.is_nan() || gap > most { gap } else { most })
}
