//! Graphs for the benches, and running them.

use std::path::PathBuf;
use std::sync::Arc;

use amdm::graph::{Checked, Document};
use amdm_runtime::{CacheDir, Cancel, Host, HostOptions, Outcome, ResultCache, RunOptions};
use serde_json::{Value, json};

/// A host on one thread, with compiled packs in `cache` and no results kept.
pub fn host(cache: CacheDir) -> Host {
    let results = ResultCache::off();
    let options =
        HostOptions { device: "cpu".into(), threads: 1, cache, results, ..HostOptions::default() };
    Host::open(&options).unwrap()
}

/// A graph that is ready to run.
pub struct Ready {
    document: Document,
    checked: Checked,
}

impl Ready {
    pub fn new(host: &Host, graph: &Value) -> Self {
        let document = Document::parse(&serde_json::to_vec(graph).unwrap()).unwrap();
        let checked = host.check(&document, None).unwrap_or_else(|errors| panic!("{errors:?}"));
        Self { document, checked }
    }

    /// Runs it; pictures go to `dir`.
    pub fn run(&self, host: &Host, dir: Option<PathBuf>) -> Outcome {
        let mut options = RunOptions { metadata: false, ..RunOptions::default() };
        if let Some(dir) = dir {
            options.output_dir = dir;
        }
        let sink = Arc::new(|_| {});
        host.run(&self.document, &self.checked, &options, &Cancel::new(), sink).unwrap()
    }
}

/// Lanes of one model that is told where a box is, `steps` steps, decoded and thrown away.
pub fn sampling(model: &str, lanes: usize, steps: u32, operators: &[(&str, Value)]) -> Value {
    let mut graph = json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": model}},
        "box": {"class_type": "BoundingBox", "inputs": {}},
        "where": {
            "class_type": "TinyLayout",
            "inputs": {"model": ["model", 0], "boxes": ["box", 0]},
        },
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "decode": {
            "class_type": "DecodeLatent",
            "inputs": {"model": ["model", 0], "latent": ["sample", 0]},
        },
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    });
    let mut before = None;
    for index in 0..lanes {
        let mut inputs = json!({"model": ["model", 0], "positive": ["where", 0]});
        if let Some(before) = before.replace(format!("lane_{index}")) {
            inputs["lanes"] = json!([before, 0]);
        }
        graph[format!("lane_{index}")] = json!({"class_type": "Lane", "inputs": inputs});
    }
    let mut sampler = json!({"lanes": [before, 0], "latent": ["start", 0], "steps": steps});
    let mut last: Option<String> = None;
    for (index, (class, inputs)) in operators.iter().enumerate() {
        let mut inputs = inputs.clone();
        let id = format!("operator_{index}");
        if let Some(before) = last.replace(id.clone()) {
            inputs["policy"] = json!([before, 0]);
        }
        graph[&id] = json!({"class_type": class, "inputs": inputs});
    }
    if let Some(last) = last {
        sampler["policy"] = json!([last, 0]);
    }
    graph["sample"] = json!({"class_type": "Sampler", "inputs": sampler});
    graph
}
