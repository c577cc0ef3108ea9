//! `Sampler`, given ComfyUI's sigmas and told its rules of starts and noise, gives what KSampler
//! gives.

use std::path::Path;
use std::sync::Arc;

use amdm::graph::Document;
use amdm_diffusion::{Denoiser, PredictionKind};
use amdm_runtime::{CacheDir, Cancel, Failure, Host, HostOptions, ResultCache, RunOptions};
use serde_json::{Value, json};

use crate::cases::{Case, Network, SCALE, Values, read};
use crate::given::{Exchange, Given};
use crate::network::Analytic;

pub struct Scene {
    pub host: Host,
    pub exchange: Exchange,
    models: Vec<(&'static str, Arc<Analytic>)>,
}

impl Scene {
    /// A host with the recording's models, by their names there.
    fn new(network: &Network, tables: [Vec<f32>; 2]) -> Self {
        let [plain, zero] = tables;
        let kinds = [
            ("eps", PredictionKind::Epsilon, &plain),
            ("v", PredictionKind::Velocity, &plain),
            ("eps_zsnr", PredictionKind::Epsilon, &zero),
            ("v_zsnr", PredictionKind::Velocity, &zero),
        ];
        let models = kinds
            .map(|(name, kind, table)| (name, Analytic::new(name, kind, table, network.constants)));
        Self::open(models.into())
    }

    /// A host with these models.
    pub fn open(models: Vec<(&'static str, Arc<Analytic>)>) -> Self {
        let cache = CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"));
        let (results, device) = (ResultCache::off(), "cpu".to_owned());
        let options = HostOptions { device, threads: 1, cache, results, ..Default::default() };
        let host = Host::open(&options).unwrap();
        let exchange = Exchange::default();
        exchange.register(&host);
        for (name, model) in &models {
            let model = Arc::clone(model) as Arc<dyn Denoiser>;
            host.models().register(name, model, None).unwrap();
        }
        Self { host, exchange, models }
    }

    /// Runs a graph that ends in `Taken`.
    pub fn run(&self, graph: &Value) -> Result<Values, Failure> {
        self.run_only(graph)?;
        Ok(self.exchange.take())
    }

    pub fn run_only(&self, graph: &Value) -> Result<(), Failure> {
        let document = Document::parse(graph.to_string().as_bytes()).unwrap();
        let checked = self.host.check(&document, None).unwrap();
        let options = RunOptions { in_memory: true, ..RunOptions::default() };
        let sink = Arc::new(|_| {});
        self.host.run(&document, &checked, &options, &Cancel::new(), sink)?;
        Ok(())
    }
}

/// The scene, and what was recorded.
pub fn scene() -> (Scene, crate::cases::Recording, crate::cases::Tensors) {
    let (recording, tensors) = read();
    let table = |name: &str| tensors.get(&format!("table/{name}")).values;
    let scene = Scene::new(&recording.network, [table("eps"), table("v_zsnr")]);
    (scene, recording, tensors)
}

fn graph(case: &Case, network: &Network, noise: bool) -> Value {
    let solver = match case.sampler.as_str() {
        "euler" | "ddim" => "euler",
        "euler_ancestral" => "euler-ancestral",
        "dpmpp_2m" => "dpmpp-2m",
        "ddpm" => "ddim",
        other => panic!("{other}"),
    };
    let step_noise = if case.seed_plus_one { "own-seed" } else { "restart" };
    let mut sampler = json!({
        "lanes": ["lane", 0], "latent": ["given", 0], "sigmas": ["given", 2], "solver": solver,
        "seed": case.seed(), "start": "add", "step_noise": step_noise,
    });
    if noise {
        sampler["noise"] = json!(["given", 1]);
    }
    let condition = |k: f64| {
        let inputs = json!({"model": ["model", 0], "json": k.to_string()});
        json!({"class_type": "ConditionJson", "inputs": inputs})
    };
    json!({
        "given": {"class_type": "test.recorded.Given", "inputs": {}},
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": case.model}},
        "positive": condition(network.k_positive), "negative": condition(network.k_negative),
        "lane": {"class_type": "Lane", "inputs": {
            "model": ["model", 0], "positive": ["positive", 0], "negative": ["negative", 0],
            "guidance": case.cfg}},
        "sampler": {"class_type": "Sampler", "inputs": sampler},
        "taken": {"class_type": "test.recorded.Taken", "inputs": {"latent": ["sampler", 0]}},
    })
}

/// A schedule as a tensor.
pub fn list(sigmas: &[f64]) -> Values {
    let values = sigmas.iter().map(|&sigma| sigma as f32).collect::<Vec<_>>();
    Values { shape: vec![values.len() as u32], values }
}

#[test]
fn it_makes_what_ksampler_makes() {
    let (scene, recording, tensors) = scene();
    let mut wrong = Vec::new();
    for case in &recording.cases {
        let latent = case.start(&tensors);
        let noise = case.noise(&latent.shape);
        let given = Given {
            noise: noise.clone().unwrap_or_else(|| latent.clone()),
            latent,
            sigmas: list(&case.sigmas),
        };
        scene.exchange.give(given);
        let found = scene.run(&graph(case, &recording.network, noise.is_some())).unwrap();
        let expected = tensors.get(&case.name);
        assert_eq!(found.shape, expected.shape, "{}", case.name);
        // From the model's scale to that of k-diffusion, and of the codec.
        let last = *case.sigmas.last().unwrap();
        let scale = (1.0 + last * last).sqrt() / SCALE;
        let off = found.values.iter().zip(&expected.values);
        let off = off.map(|(found, expected)| f64::from(*found) * scale - f64::from(*expected));
        let off = off.fold(0.0, |most: f64, off| most.max(off.abs()));
        if off.is_nan() || off > case.tol_given_sigmas {
            let (most, size) = (case.tol_given_sigmas, case.absmax);
            wrong.push(format!("{}: {off:.2e}, at most {most:.2e} of {size}", case.name));
        }
        let asked = scene.models.iter().flat_map(|(_, model)| model.asked()).collect::<Vec<_>>();
        // The step is the nearest by the logarithm; what is told lies linearly between two.
        if asked.iter().any(|(step, told)| (*step as f64 - told).abs() > 0.6) {
            wrong.push(format!("{}: told {asked:?}", case.name));
        }
        let asked = asked.iter().map(|(step, _)| *step as f64).collect::<Vec<_>>();
        let told = case.timesteps.iter().map(Value::as_f64).collect::<Option<Vec<_>>>();
        if told.is_some_and(|told| told != asked) {
            wrong.push(format!("{}: asked for {asked:?}", case.name));
        }
    }
    assert!(recording.cases.len() > 300 && wrong.is_empty(), "{}", wrong.join("\n"));
}
