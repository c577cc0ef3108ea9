//! A sampling, said twice: as a graph, and for the native loop.

use amdm::error::Error;
use amdm::math::schedule::{Schedule, Spacing};
use amdm::math::{
    AggregateStep, ManifoldRefine, Mean, Method, Mode, Operator, Settings, Solver, Start,
};
use amdm_diffusion::{Denoiser, Device, Tensor};
use serde_json::{Value, json};

use crate::native::Context;
use crate::network::LATENT;

pub const SEED: u64 = 20_241_124;
pub const STEPS: u32 = 7;
const BATCH: u32 = 2;

pub const METHODS: [(&str, Method); 9] = [
    ("slerp", Method::Slerp),
    ("normalized", Method::Normalized),
    ("spherical", Method::Spherical),
    ("mean-noise", Method::MeanNoise),
    ("linear", Method::Linear),
    ("eps-average", Method::EpsAverage),
    ("compose", Method::Compose),
    ("handoff", Method::Handoff),
    ("official", Method::Official),
];
pub const SOLVERS: [(&str, Solver); 4] = [
    ("ddim", Solver::Ddim),
    ("euler", Solver::Euler),
    ("euler-ancestral", Solver::EulerAncestral),
    ("dpmpp-2m", Solver::Dpmpp2m),
];
/// Refinement: none, and three ways of it.
pub const REFINEMENTS: [Option<(&str, Mode, &str, Mean)>; 4] = [
    None,
    Some(("shell", Mode::Shell, "posterior", Mean::Posterior)),
    Some(("radius", Mode::Radius, "posterior", Mean::Posterior)),
    Some(("radius", Mode::Radius, "official", Mean::Official)),
];

#[derive(Clone, Debug)]
pub struct Plan {
    pub method: (&'static str, Method),
    pub solver: (&'static str, Solver),
    pub refinement: Option<(&'static str, Mode, &'static str, Mean)>,
    /// A second aggregation after the first, and its window.
    pub second: Option<(&'static str, Method, u32, u32)>,
    pub lanes: u32,
    pub all_wanted: bool,
    pub denoise: f64,
}

/// A lane's own settings.
pub struct Lane {
    pub guidance: f64,
    pub weight: f64,
}

impl Plan {
    pub fn new(method: (&'static str, Method), solver: (&'static str, Solver)) -> Self {
        Self {
            method,
            solver,
            refinement: None,
            second: None,
            lanes: 2,
            all_wanted: false,
            denoise: 1.0,
        }
    }

    /// Lane 0 is the target; the last one runs without guidance.
    pub fn lanes(&self) -> Vec<Lane> {
        let guidance = |lane: u32| if lane + 1 == self.lanes { 1.0 } else { 4.5 };
        let weight = |lane: u32| if lane == 2 { 0.5 } else { 1.0 };
        (0..self.lanes).map(|k| Lane { guidance: guidance(k), weight: weight(k) }).collect()
    }

    pub fn operators(&self) -> Vec<Box<dyn Operator<Context>>> {
        let merge = AggregateStep {
            method: self.method.1,
            weight: 0.8,
            start: 1.0,
            end: 5.0,
            source: 1,
            guidance_after: 3.0,
        };
        let mut operators: Vec<Box<dyn Operator<Context>>> = vec![Box::new(merge)];
        if let Some((_, method, start, end)) = self.second {
            let (start, end) = (f64::from(start), f64::from(end));
            let merge =
                AggregateStep { method, weight: 0.4, start, end, ..AggregateStep::default() };
            operators.push(Box::new(merge));
        }
        if let Some((_, mode, _, mean)) = self.refinement {
            operators.push(Box::new(ManifoldRefine::<Tensor>::new(mode, mean, 0.1, 0.5, true)));
        }
        operators
    }

    pub fn settings(&self) -> Settings {
        Settings {
            solver: self.solver.1,
            eta: 1.0,
            denoise: self.denoise,
            start: Start::Noise,
            target: 0,
            wanted: (0..self.lanes).map(|lane| lane == 0 || self.all_wanted).collect(),
        }
    }

    pub fn schedule(&self, target: &dyn Denoiser) -> Result<Schedule, Error> {
        let (info, solver) = (target.info(), self.solver.1);
        let training = info.alphas_cumprod.len() as u32;
        let native = |steps| target.timesteps(steps);
        let timesteps = Spacing::Native.timesteps(solver, STEPS, training, native)?;
        let last = solver.final_alpha(info.final_alpha);
        Schedule::new(info.alphas_cumprod.clone(), &timesteps, last)
    }

    pub fn start(&self, device: &Device) -> Result<Tensor, Error> {
        let shape = [BATCH, LATENT[0], LATENT[1], LATENT[2]];
        let count = shape.iter().product::<u32>() as usize;
        Tensor::from_f32(device, &shape, vec![0.0; count])
    }

    pub fn graph(&self) -> Value {
        let mut graph = json!({
            "box": {"class_type": "BoundingBox", "inputs": {}},
            "start": {"class_type": "EmptyLatent",
                      "inputs": {"model": ["model 0", 0], "batch_size": BATCH}},
            "merge": {"class_type": "AggregateStep", "inputs": {
                "method": self.method.0, "weight": 0.8, "start": 1, "end": 5, "source": 1,
                "guidance_after": 3}},
            "sample": {"class_type": "Sampler", "inputs": {
                "lanes": [format!("lane {}", self.lanes - 1), 0], "latent": ["start", 0],
                "policy": ["merge", 0], "seed": SEED, "steps": STEPS, "solver": self.solver.0,
                "denoise": self.denoise}},
            "decode": {"class_type": "DecodeLatent",
                       "inputs": {"model": ["model 0", 0], "latent": ["sample", 0]}},
            "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}},
        });
        for (k, lane) in self.lanes().iter().enumerate() {
            graph[format!("model {k}")] = json!({"class_type": "ModelLoader",
                "inputs": {"model_name": format!("network-{k}")}});
            graph[format!("condition {k}")] = json!({"class_type": "TinyLayout",
                "inputs": {"model": [format!("model {k}"), 0], "boxes": ["box", 0]}});
            graph[format!("lane {k}")] = json!({"class_type": "Lane", "inputs": {
                "model": [format!("model {k}"), 0], "positive": [format!("condition {k}"), 0],
                "guidance": lane.guidance, "weight": lane.weight}});
            if k > 0 {
                let before = json!([format!("lane {}", k - 1), 0]);
                graph[format!("lane {k}")]["inputs"]["lanes"] = before;
            }
        }
        let mut last = "merge";
        if let Some((method, _, start, end)) = self.second {
            graph["second"] = json!({"class_type": "AggregateStep", "inputs": {
                "policy": [last, 0], "method": method, "weight": 0.4, "start": start, "end": end}});
            last = "second";
        }
        if let Some((mode, _, mean, _)) = self.refinement {
            graph["refine"] = json!({"class_type": "ManifoldRefine", "inputs": {
                "policy": [last, 0], "mode": mode, "mean": mean, "radius": 0.1, "shell": 0.5}});
            last = "refine";
        }
        graph["sample"]["inputs"]["policy"] = json!([last, 0]);
        if self.all_wanted {
            // On the last lane's model, so that its question is told apart from the target's.
            graph["decode all"] = json!({"class_type": "DecodeLatent",
                "inputs": {"model": ["model 1", 0], "latent": ["sample", 1]}});
            graph["show"] =
                json!({"class_type": "PreviewImage", "inputs": {"images": ["decode all", 0]}});
        }
        graph
    }
}
