//! The same picture, byte for byte, whatever else goes on.

use std::path::Path;
use std::sync::Arc;

use amdm::graph::Document;
use amdm_runtime::{CacheDir, Cancel, Failure, Host, HostOptions, ResultCache, RunOptions};
use serde_json::{Value, json};

/// A host on the CPU.
pub fn host(threads: usize) -> Host {
    let cache = CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"));
    // A kept result would prove nothing.
    let results = ResultCache::off();
    let options =
        HostOptions { device: "cpu".into(), threads, cache, results, ..HostOptions::default() };
    Host::open(&options).unwrap()
}

/// The pictures that a graph writes, and its network passes.
#[derive(Debug, PartialEq, Eq)]
pub struct Result {
    pub pictures: Vec<Vec<u8>>,
    pub passes: u64,
}

/// Runs a graph.
pub fn run(host: &Host, graph: &Value) -> std::result::Result<Result, Failure> {
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, None).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let out = tempfile::tempdir().unwrap();
    // Without metadata, so that graphs that differ in what is wanted may write the same bytes.
    let options =
        RunOptions { output_dir: out.path().into(), metadata: false, ..RunOptions::default() };
    let outcome = host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {}))?;
    let read = |file: &amdm_runtime::Saved| std::fs::read(out.path().join(&file.name)).unwrap();
    Ok(Result { pictures: outcome.files.iter().map(read).collect(), passes: outcome.passes })
}

/// Two lanes over two of the built-in networks, merged and refined.
fn tiny(seed: u64) -> Value {
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
        "start": {"class_type": "EmptyLatent",
                  "inputs": {"model": ["layout", 0], "batch_size": 3}},
        "merge": {"class_type": "AggregateStep", "inputs": {}},
        "refine": {"class_type": "ManifoldRefine", "inputs": {"policy": ["merge", 0]}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0],
            "latent": ["start", 0], "policy": ["refine", 0], "seed": seed, "steps": 6}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}},
    })
}

#[test]
fn again_and_on_more_threads() {
    let one = host(1);
    let first = run(&one, &tiny(1)).unwrap();
    assert_eq!(first.pictures.len(), 3);
    assert_eq!(run(&one, &tiny(1)).unwrap(), first);
    for threads in [2, 5] {
        assert_eq!(run(&host(threads), &tiny(1)).unwrap(), first, "{threads} threads");
    }
    assert_ne!(run(&one, &tiny(2)).unwrap(), first);
}

#[test]
fn whether_or_not_all_lanes_run_on() {
    let host = host(2);
    let alone = run(&host, &tiny(3)).unwrap();
    let mut graph = tiny(3);
    graph["all"] = json!({"class_type": "DecodeLatent",
        "inputs": {"model": ["layout", 0], "latent": ["sample", 1]}});
    graph["show"] = json!({"class_type": "PreviewImage", "inputs": {"images": ["all", 0]}});
    let all = run(&host, &graph).unwrap();
    assert_eq!(all.pictures, alone.pictures);
    // Window of 4 steps, then one lane, or both.
    assert_eq!((alone.passes, all.passes), (10, 12));
}

#[test]
fn the_metadata_is_the_graph_and_no_more() {
    let host = host(1);
    let bytes = || {
        let document = Document::parse(tiny(4).to_string().as_bytes()).unwrap();
        let checked = host.check(&document, None).unwrap();
        let out = tempfile::tempdir().unwrap();
        let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
        let sink = Arc::new(|_| {});
        let outcome = host.run(&document, &checked, &options, &Cancel::new(), sink).unwrap();
        std::fs::read(out.path().join(&outcome.files[0].name)).unwrap()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn many_at_once() {
    let host = host(2);
    let alone = (0..8).map(|seed| run(&host, &tiny(seed)).unwrap()).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for (seed, alone) in (0..).zip(&alone) {
            let host = &host;
            scope.spawn(move || assert_eq!(&run(host, &tiny(seed)).unwrap(), alone, "{seed}"));
        }
    });
}
