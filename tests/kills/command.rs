//! The program over one graph in a directory of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Two lanes over a few steps, a picture and its label.
pub fn graph(seed: u64) -> Value {
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
                  "inputs": {"model": ["layout", 0], "batch_size": 2}},
        "merge": {"class_type": "AggregateStep", "inputs": {}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0],
            "latent": ["start", 0], "policy": ["merge", 0], "steps": 6, "seed": seed}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["layout", 0], "latent": ["sample", 0]}},
        "large": {"class_type": "ImageScaleBy",
                  "inputs": {"image": ["decode", 0], "scale_by": 4.0}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["large", 0]}},
    })
}

/// How a command ended.
pub struct Ended {
    pub success: bool,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ended = Ended {
        success: output.status.success(),
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended
}

/// A graph with places for what comes of it.
pub struct Scene {
    dir: TempDir,
}

impl Scene {
    pub fn new(graph: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("graph.json"), graph.to_string()).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amdm"));
        command
            .args(["run", "--device", "cpu", "--threads", "1", "graph.json", "--out", "out"])
            .args(more)
            .current_dir(self.dir.path())
            .env_clear()
            .env("AMDM_PACK_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn start(&self, more: &[&str]) -> Child {
        self.command(more).spawn().unwrap()
    }

    pub fn run(&self, more: &[&str]) -> Ended {
        ended(self.start(more))
    }

    /// Names and bytes of all pictures, sorted.
    pub fn pictures(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.path("out")).into_iter().flatten();
        let mut pictures = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect::<Vec<_>>();
        pictures.sort();
        pictures
    }
}

/// Asserts that a picture is whole.
pub fn decode(name: &str, bytes: &[u8]) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap_or_else(|error| panic!("{name}: {error}"));
    reader.finish().unwrap_or_else(|error| panic!("{name}: {error}"));
}
