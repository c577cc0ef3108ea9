//! `amdm schema`: every example, recorded conversion and line of output fits.

use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

use crate::{amdm, text};

struct Schema {
    schemas: Schemas,
    index: boon::SchemaIndex,
}

impl Schema {
    fn of(kind: &str) -> Self {
        let output = amdm(&["schema", kind], b"");
        assert!(output.status.success(), "{output:?}");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        let location = format!("mem:///{kind}.json");
        compiler.add_resource(&location, serde_json::from_slice(&output.stdout).unwrap()).unwrap();
        let index = compiler.compile(&location, &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn fits(&self, value: &Value) -> Result<(), String> {
        self.schemas.validate(value, self.index).map_err(|error| format!("{error:#}"))
    }
}

/// Asserts that a value fits its schema.
#[track_caller]
pub fn fits(kind: &str, value: &Value) {
    assert_eq!(Schema::of(kind).fits(value), Ok(()), "{value}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn json_files(folder: &str) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[test]
fn graphs() {
    let schema = Schema::of("graph");
    let mut files = json_files("examples/graphs");
    files.extend(json_files("tests/fixtures/comfyui/vectors"));
    files.retain(|(name, _)| !name.ends_with("object_info.json"));
    assert!(files.len() > 40, "only {} files", files.len());
    for (name, graph) in &files {
        // An unknown class stands without class_type in the recorded graph.
        if !name.ends_with("12_unknown_type.api.json") {
            schema.fits(graph).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let sampler = |inputs: Value| json!({"1": {"class_type": "Sampler", "inputs": inputs}});
    let good = json!({"lanes": ["2", 0], "latent": ["3", 0], "steps": 3, "seed": {"__value__": 4}});
    assert_eq!(schema.fits(&sampler(good)), Ok(()));
    for bad in [
        json!({"lanes": ["2", 0], "latent": ["3", 0], "steps": 0}),
        json!({"lanes": ["2", 0], "latent": ["3", 0], "steps": "3"}),
        json!({"lanes": ["2"], "latent": ["3", 0]}),
        json!({"lanes": ["2", 0]}),
        json!({"lanes": ["2", 0], "latent": ["3", 0], "stepz": 3}),
        json!({"lanes": ["2", 0], "latent": ["3", 0], "solver": "heun"}),
    ] {
        assert!(schema.fits(&sampler(bad.clone())).is_err(), "{bad}");
    }
}

/// A file may name its schema where editors keep it.
#[test]
fn files_may_name_their_schema() {
    let path = root().join("examples/graphs/parameters.json");
    let mut graph: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    graph["save"]["_meta"]["$schema"] = "https://example.org/graph.json".into();
    assert_eq!(Schema::of("graph").fits(&graph), Ok(()));
    let output = amdm(&["check", "-"], graph.to_string().as_bytes());
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn nodes() {
    let output = amdm(&["nodes", "--json"], b"");
    let nodes: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = Schema::of("nodes");
    assert_eq!(schema.fits(&nodes), Ok(()));
    assert!(schema.fits(&json!([{"type": 3}])).is_err());
}

#[test]
fn events_and_results() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let graph = root().join("examples/graphs/parameters.json").to_str().unwrap().to_owned();
    let (events, results) = (Schema::of("events"), Schema::of("result"));
    for (setting, code) in [("steps=4", 0), ("save.filename_prefix=../out", 1)] {
        let output = amdm(
            &[
                "run",
                &graph,
                "--set",
                setting,
                "--out",
                &path("out"),
                "--progress",
                "json",
                "--result",
                &path("result.json"),
            ],
            b"",
        );
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        for line in text(&output.stdout).lines() {
            let event = serde_json::from_str(line).unwrap();
            events.fits(&event).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
        let result = std::fs::read(path("result.json")).unwrap();
        assert_eq!(results.fits(&serde_json::from_slice(&result).unwrap()), Ok(()));
    }
    for arguments in [
        &["--set", "sampler.steps=0"][..],
        &["--sweep", "seed=1,2", "--sheet", "--out", &path("sweep")],
    ] {
        let run = ["run", &graph, "--progress", "json"];
        let output = amdm(&[&run[..], arguments].concat(), b"");
        assert!(!output.stdout.is_empty());
        for line in text(&output.stdout).lines() {
            let event = serde_json::from_str(line).unwrap();
            events.fits(&event).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
    assert!(events.fits(&json!({"event": "nothing"})).is_err());
    assert!(results.fits(&json!({})).is_err());
}
