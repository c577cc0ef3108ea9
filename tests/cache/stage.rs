//! Hosts with caches, and runs of graphs on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use amdm::graph::Document;
use amdm_runtime::{
    CacheDir, CacheState, Cancel, Host, HostOptions, Inputs, Outcome, ResultCache, RunOptions,
};
use serde_json::{Value, json};

pub fn host(results: ResultCache) -> Host {
    host_with(results, &[])
}

/// A host that finds models in `models`.
pub fn host_with(results: ResultCache, models: &[PathBuf]) -> Host {
    let cache = CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"));
    let options = HostOptions {
        device: "cpu".into(),
        threads: 1,
        cache,
        results,
        model_dirs: models.to_vec(),
        ..HostOptions::default()
    };
    Host::open(&options).unwrap()
}

pub fn on_disk(dir: &Path) -> ResultCache {
    ResultCache { dir: Some(dir.into()), ..ResultCache::off() }
}

/// Runs `graph`; gives the outcome and the bytes of the pictures.
pub fn run(host: &Host, graph: &Value) -> (Outcome, Vec<Vec<u8>>) {
    run_with(host, graph, Inputs::default())
}

pub fn run_with(host: &Host, graph: &Value, inputs: Inputs) -> (Outcome, Vec<Vec<u8>>) {
    let out = tempfile::tempdir().unwrap();
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, inputs.clone()).unwrap_or_else(|e| panic!("{e:#?}"));
    let options = RunOptions {
        output_dir: out.path().into(),
        inputs,
        metadata: false,
        ..RunOptions::default()
    };
    let outcome =
        host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {})).unwrap();
    let read = |file: &amdm_runtime::Saved| std::fs::read(out.path().join(&file.name)).unwrap();
    let files = outcome.files.iter().map(read).collect();
    (outcome, files)
}

/// Ids of the nodes that ran, sorted.
pub fn ran(outcome: &Outcome) -> Vec<&str> {
    let ran = outcome.nodes.iter().filter(|node| node.cached == CacheState::Ran);
    let mut ids = ran.map(|node| node.node.as_str()).collect::<Vec<_>>();
    ids.sort_unstable();
    ids
}

/// Two lanes, merged, four steps.
pub fn graph() -> Value {
    json!({
        "layout": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "style": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-style"}},
        "box": {"class_type": "BoundingBox", "inputs": {}},
        "where": {"class_type": "TinyLayout",
                  "inputs": {"model": ["layout", 0], "boxes": ["box", 0]}},
        "what": {"class_type": "TinyStyle", "inputs": {"model": ["style", 0], "style": "checker"}},
        "first": {"class_type": "Lane",
                  "inputs": {"model": ["layout", 0], "positive": ["where", 0]}},
        "lanes": {"class_type": "Lane", "inputs": {
            "model": ["style", 0], "positive": ["what", 0], "lanes": ["first", 0]}},
        "merge": {"class_type": "AggregateStep", "inputs": {"weight": 0.8}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["layout", 0]}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0],
            "latent": ["start", 0], "policy": ["merge", 0], "steps": 4, "seed": 3}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "label": {"class_type": "ImageLabel", "inputs": {"image": ["decode", 0], "text": "a"}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["label", 0]}},
    })
}
