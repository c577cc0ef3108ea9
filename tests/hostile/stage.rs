//! A host with a hostile pack, and what is asserted after each run on it.

use std::path::Path;
use std::sync::Arc;

use amdm::graph::Document;
use amdm_runtime::{
    CacheDir, Cancel, Failure, Host, HostOptions, Limits, NodeRef, Outcome, ResultCache, RunOptions,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pack::{CLASS, Source};

/// Options that keep compiled packs between tests, and no results: every run is to meet the hostile
/// pack.
pub fn options() -> HostOptions {
    HostOptions {
        device: "cpu".into(),
        threads: 1,
        cache: CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs")),
        results: ResultCache::off(),
        ..HostOptions::default()
    }
}

/// A directory with one pack.
pub fn directory(pack: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("hostile.wasm"), pack).unwrap();
    dir
}

/// A host that knows the standard pack and one hostile pack.
pub struct Stage {
    pub host: Host,
    _packs: TempDir,
}

impl Stage {
    pub fn new(source: &Source, limits: Limits) -> Self {
        let packs = directory(&source.component());
        let pack_dirs = vec![packs.path().into()];
        let host = Host::open(&HostOptions { pack_dirs, limits, ..options() }).unwrap();
        Self { host, _packs: packs }
    }

    /// Runs `graph`, which must fail and leave nothing behind.
    pub fn fails(&self, graph: &Value) -> Failure {
        self.fails_with(graph, RunOptions::default(), &Cancel::new())
    }

    /// The same with a limit or a token.
    pub fn fails_with(&self, graph: &Value, options: RunOptions, cancel: &Cancel) -> Failure {
        let failure = fails(&self.host, graph, options, cancel);
        good(&self.host);
        failure
    }
}

/// Runs `graph` on `host`.
pub fn run(
    host: &Host,
    graph: &Value,
    options: &RunOptions,
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, None).unwrap_or_else(|errors| panic!("{errors:#?}"));
    host.run(&document, &checked, options, cancel, Arc::new(|_| {}))
}

/// Runs `graph`, which must fail and leave nothing behind.
pub fn fails(host: &Host, graph: &Value, options: RunOptions, cancel: &Cancel) -> Failure {
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().join("out"), ..options };
    let failure = run(host, graph, &options, cancel).expect_err("a hostile run went well");
    assert_eq!(leftovers(&options.output_dir), [""; 0]);
    failure
}

/// Files of a directory that may not be there.
pub fn leftovers(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The host still runs a good graph.
pub fn good(host: &Host) {
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
    let graph = json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "good", "width": 32}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["text", 0]}},
    });
    let outcome = run(host, &graph, &options, &Cancel::new()).unwrap();
    assert_eq!(leftovers(out.path()), [outcome.files[0].name.as_str()]);
}

/// A graph of the hostile node alone.
pub fn alone() -> Value {
    json!({"bad": {"class_type": CLASS, "inputs": {}}})
}

/// A sampling of two lanes in which the hostile node is a step operator.
pub fn sampling(steps: u32, batch: u32) -> Value {
    json!({
        "layout": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "style": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-style"}},
        "box": {"class_type": "BoundingBox", "inputs": {}},
        "where": {"class_type": "TinyLayout",
                  "inputs": {"model": ["layout", 0], "boxes": ["box", 0]}},
        "what": {"class_type": "TinyStyle", "inputs": {"model": ["style", 0]}},
        "first": {"class_type": "Lane",
                  "inputs": {"model": ["layout", 0], "positive": ["where", 0]}},
        "lanes": {"class_type": "Lane", "inputs": {
            "model": ["style", 0], "positive": ["what", 0], "lanes": ["first", 0]}},
        "start": {"class_type": "EmptyLatent",
                  "inputs": {"model": ["layout", 0], "batch_size": batch}},
        "bad": {"class_type": CLASS, "inputs": {}},
        "sample": {"class_type": "Sampler", "inputs": {
            "lanes": ["lanes", 0], "latent": ["start", 0], "policy": ["bad", 0], "steps": steps}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}},
    })
}

/// The same sampling, three steps of one image, with `links` more operators behind the first.
pub fn chain(links: usize) -> Value {
    let mut graph = sampling(3, 1);
    for link in 0..links {
        let before = if link == 0 { "bad".into() } else { format!("link {}", link - 1) };
        graph[format!("link {link}")] =
            json!({"class_type": CLASS, "inputs": {"policy": [before, 0]}});
    }
    graph["sample"]["inputs"]["policy"] = json!([format!("link {}", links - 1), 0]);
    graph
}

/// Asserts what people and programs see of a failure.
#[track_caller]
pub fn assert_failure(failure: &Failure, code: &str, message: &str) {
    let node = NodeRef { id: "bad".into(), class: CLASS.into(), title: None };
    assert_eq!(failure.code.as_str(), code, "{failure}");
    assert_eq!(failure.node.as_deref(), Some(&node), "{failure}");
    assert!(failure.message.contains(message), "{failure}, expected {message:?}");
    assert!(!failure.message.chars().any(char::is_control), "{failure:?}");
    assert!(failure.message.len() < 5000);
}
