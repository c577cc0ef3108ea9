//! Recorded cases of conditions: settings, masks and results.

use std::path::PathBuf;

use amdm::error::Error;
use amdm_diffusion::{Area, Control, Device, Entry, Handle, Tensor};
use safetensors::SafeTensors;
use serde::Deserialize;

/// The folder of the recordings.
pub fn folder() -> PathBuf {
    match std::env::var_os("AMDM_COMFYUI_RUN") {
        Some(folder) => PathBuf::from(folder).join("ksampler"),
        None => {
            [env!("CARGO_MANIFEST_DIR"), "../../tests/fixtures/comfyui-conditions"].iter().collect()
        }
    }
}

/// The two files of the recordings.
pub const FILES: [&str; 2] = ["cond", "cond_more"];

#[derive(Deserialize)]
pub struct Recording {
    pub network: Constants,
    pub cases: Vec<Case>,
}

#[derive(Clone, Copy, Deserialize)]
pub struct Constants {
    pub l: f64,
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    /// Of the term that controls add.
    #[serde(default)]
    pub g: f64,
}

#[derive(Deserialize)]
pub struct Case {
    pub name: String,
    pub positive: Vec<Given>,
    pub negative: Vec<Given>,
    pub seed: u64,
    pub steps: u32,
    pub cfg: f64,
    pub sampler: String,
    pub scheduler: String,
    pub batch: u32,
    pub noise_mask: Option<String>,
    /// Strength, start and end of a control on all entries of both sides.
    pub advanced: Option<[f64; 3]>,
    pub sigmas: Option<Vec<f64>>,
    #[serde(default)]
    pub tol: f64,
    /// Why it has no result.
    pub error: Option<String>,
    pub calls_by_step: Option<Vec<Step>>,
}

/// The network's calls of one step, or, with a text, of all steps.
#[derive(Deserialize)]
pub struct Step {
    pub t: serde_json::Value,
    pub calls: Vec<serde_json::Value>,
}

/// An entry: what it is told, and the nodes that it went through.
#[derive(Deserialize)]
pub struct Given {
    pub k: f64,
    pub strength: Option<f64>,
    /// Width, height, x, y, strength.
    pub area: Option<[f64; 5]>,
    pub area_after: Option<[f64; 5]>,
    pub pct: Option<[f64; 5]>,
    pub mask: Option<(String, f64, String)>,
    pub range: Option<[f64; 2]>,
    #[serde(default)]
    pub control: Vec<f64>,
}

impl Given {
    pub fn entry(&self, case: &Case, tensors: &Tensors) -> Result<Entry, Error> {
        let mut entry = Entry::new(super::network::condition(self.k));
        let pixels = |[width, height, x, y, _]: [f64; 5]| {
            let [x, y, width, height] = [x, y, width, height].map(|side| side as u32);
            Area::Pixels { x, y, width, height }
        };
        if let Some(strength) = self.strength {
            entry.strength = strength;
        }
        if let Some(area) = self.area {
            (entry.area, entry.strength) = (Some(pixels(area)), area[4]);
        }
        if let Some([width, height, x, y, strength]) = self.pct {
            entry.area = Some(Area::Fractions { x, y, width, height });
            entry.strength = strength;
        }
        if let Some((name, strength, cut)) = &self.mask {
            entry.mask = Some(tensors.get(&format!("mask/{name}")));
            (entry.mask_strength, entry.mask_bounds) = (*strength, cut == "mask bounds");
        }
        if let Some(area) = self.area_after {
            (entry.area, entry.strength) = (Some(pixels(area)), area[4]);
            entry.mask_bounds = false;
        }
        if let Some([start, end]) = self.range {
            (entry.start, entry.end) = (start, end);
        }
        let control = |strength: f64, start, end, both| Control {
            handle: Handle::new(strength),
            start,
            end,
            both,
        };
        entry.controls = self.control.iter().map(|&u| control(u, 0.0, 1.0, true)).collect();
        entry.controls.extend(case.advanced.map(|[u, start, end]| control(u, start, end, false)));
        Ok(entry)
    }
}

/// One file of recorded tensors.
pub struct Tensors(Vec<u8>, Device);

impl Tensors {
    pub fn read(file: &str) -> Self {
        let bytes = std::fs::read(folder().join(file).with_extension("safetensors")).unwrap();
        Self(bytes, Device::cpu(1).unwrap())
    }

    pub fn find(&self, name: &str) -> Option<Tensor> {
        let all = SafeTensors::deserialize(&self.0).unwrap();
        let found = all.tensor(name).ok()?;
        let shape: Vec<u32> = found.shape().iter().map(|&extent| extent as u32).collect();
        let words = found.data().as_chunks::<4>().0;
        let values: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        Some(Tensor::from_f32(&self.1, &shape, values).unwrap())
    }

    pub fn get(&self, name: &str) -> Tensor {
        self.find(name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    pub fn device(&self) -> &Device {
        &self.1
    }
}
