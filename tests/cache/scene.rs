//! A host with caches of its choice, and one small graph that it runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use amdm::graph::Document;
use amdm_runtime::{
    CacheDir, CacheState, Cancel, Event, Host, HostOptions, Outcome, ResultCache, RunOptions,
};
use serde_json::{Value, json};
use tempfile::TempDir;

pub fn options(results: ResultCache) -> HostOptions {
    let cache = CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"));
    HostOptions { device: "cpu".into(), threads: 1, cache, results, ..HostOptions::default() }
}

/// Results in memory alone.
pub fn memory() -> ResultCache {
    ResultCache::default()
}

/// Results below `dir` alone.
pub fn disk(dir: &Path) -> ResultCache {
    ResultCache { dir: Some(dir.into()), ..ResultCache::off() }
}

pub fn host(results: ResultCache) -> Host {
    Host::open(&options(results)).unwrap()
}

/// What a run gave.
pub struct Ran {
    pub outcome: Outcome,
    pub events: Vec<Event>,
    pub pictures: Vec<Vec<u8>>,
    /// Relative to the output directory.
    pub names: Vec<String>,
}

impl Ran {
    /// Classes of the nodes with this state, in order.
    pub fn classes(&self, state: CacheState) -> Vec<&str> {
        let nodes = self.outcome.nodes.iter().filter(|node| node.cached == state);
        nodes.map(|node| node.class.as_str()).collect()
    }

    /// Whether nothing ran that computes.
    pub fn is_cached(&self) -> bool {
        let ran = self.classes(CacheState::Ran);
        self.outcome.passes == 0 && ran.iter().all(|class| *class == "SaveImage")
    }
}

/// Where a run writes and reads.
pub struct Place {
    pub out: TempDir,
    pub inputs: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { out: tempfile::tempdir().unwrap(), inputs: tempfile::tempdir().unwrap() }
    }

    pub fn options(&self) -> RunOptions {
        RunOptions {
            output_dir: self.out.path().into(),
            inputs: amdm_runtime::Inputs::new(Some(self.inputs.path().into())),
            metadata: false,
            ..RunOptions::default()
        }
    }

    pub fn run(&self, host: &Host, graph: &Value) -> Ran {
        run(host, graph, &self.options())
    }

    pub fn input(&self, name: &str) -> PathBuf {
        self.inputs.path().join(name)
    }
}

/// Runs a graph in a place of its own.
pub fn once(host: &Host, graph: &Value) -> Ran {
    Place::new().run(host, graph)
}

pub fn run(host: &Host, graph: &Value, options: &RunOptions) -> Ran {
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, options.inputs.clone());
    let checked = checked.unwrap_or_else(|errors| panic!("{errors:#?}"));
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let sink = Arc::new(move |event| heard.lock().unwrap().push(event));
    let outcome = host.run(&document, &checked, options, &Cancel::new(), sink).unwrap();
    let names = outcome.files.iter().map(|file| file.name.clone()).collect::<Vec<_>>();
    let read = |name: &String| std::fs::read(options.output_dir.join(name)).unwrap();
    let pictures = names.iter().map(read).collect();
    let events = std::mem::take(&mut *events.lock().unwrap());
    Ran { outcome, events, pictures, names }
}

/// Two lanes merged; the target's picture with a label, saved.
pub fn graph() -> Value {
    json!({
        "layout": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "attributes": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-attributes"}},
        "box": {"class_type": "BoundingBox", "inputs": {"left": 0.1, "top": 0.2}},
        "where": {"class_type": "TinyLayout",
                  "inputs": {"model": ["layout", 0], "boxes": ["box", 0]}},
        "what": {"class_type": "TinyAttributes", "inputs": {"model": ["attributes", 0]}},
        "first": {"class_type": "Lane",
                  "inputs": {"model": ["attributes", 0], "positive": ["what", 0]}},
        "lanes": {"class_type": "Lane", "inputs": {
            "model": ["layout", 0], "positive": ["where", 0], "lanes": ["first", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["layout", 0]}},
        "merge": {"class_type": "AggregateStep", "inputs": {"weight": 0.8}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0],
            "latent": ["start", 0], "policy": ["merge", 0], "seed": 7, "steps": 3}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "label": {"class_type": "ImageLabel",
                  "inputs": {"image": ["decode", 0], "text": "one"}},
        "save": {"class_type": "SaveImage",
                 "inputs": {"images": ["label", 0], "filename_prefix": "picture"}},
    })
}

/// [`graph`] with one input changed.
pub fn with(node: &str, input: &str, value: Value) -> Value {
    let mut graph = graph();
    graph[node]["inputs"][input] = value;
    graph
}
