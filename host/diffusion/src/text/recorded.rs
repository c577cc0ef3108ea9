//! Prompts of recorded runs, encoded with the full-size files that `comfyui-run models` writes.
//!
//! Runs where `AMDM_COMFYUI_MODELS` names their folder; `AMDM_COMFYUI_RUN` names other recordings.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use comfyui_run::models;
use safetensors::SafeTensors;
use serde_json::Value;

use super::{EmbeddingFolders, Encoded, Prompt, encode};
use crate::Device;
use crate::families::ClipText;
use crate::weights::{Part, TensorFile, Weights};

const WIDTH: usize = 768;
/// Of the context the recordings hold its product with a matrix of so many columns.
const COLUMNS: usize = 16;

struct Run {
    embeddings: EmbeddingFolders,
    projection: Vec<f32>,
    worst: f64,
    count: usize,
}

#[test]
fn prompts_give_the_recorded_states() {
    let Some(folder) = std::env::var_os("AMDM_COMFYUI_MODELS").map(PathBuf::from) else {
        return eprintln!("left out: AMDM_COMFYUI_MODELS does not name the model files");
    };
    let recordings = std::env::var_os("AMDM_COMFYUI_RUN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/comfyui-run"),
        PathBuf::from,
    );
    let path = folder.join("checkpoints/gen_sd15_s1.safetensors");
    let file = TensorFile::open(&path, "gen_sd15_s1.safetensors").unwrap();
    let mut projection = vec![0.0; WIDTH * COLUMNS];
    let std = (1.0 / (WIDTH as f64).sqrt()) as f32;
    models::values(models::start("1:projection:768x16"), 0, 0.0, std, &mut projection);
    for device in [Device::cpu(2).unwrap(), Device::reference(2).unwrap()] {
        let weights = Weights::of(std::slice::from_ref(&file), Part::Text, &device).unwrap();
        let tower = ClipText::load(&weights, 12).unwrap();
        let embeddings = EmbeddingFolders(vec![folder.join("embeddings")]);
        let mut run = Run { embeddings, projection: projection.clone(), worst: 0.0, count: 0 };
        let start = Instant::now();
        for set in ["core_graphs", "core_graphs_more"] {
            run.set(&tower, &recordings.join(set));
        }
        let (count, worst, took) = (run.count, run.worst, start.elapsed());
        eprintln!("{}: {count} prompts, {worst:.3} of the tolerance, {took:?}", device.name());
        assert!(count >= 63);
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

impl Run {
    /// All graphs of the set that are there.
    fn set(&mut self, tower: &ClipText, set: &Path) {
        let index = json(&set.join("index.json"));
        for (name, graph) in index["graphs"].as_object().unwrap() {
            if set.join(name).is_dir() {
                self.graph(tower, &set.join(name), &graph["tensors"]);
            }
        }
    }

    /// All prompts of a graph that go to the checkpoint's encoder as it is in the file.
    fn graph(&mut self, tower: &ClipText, folder: &Path, tolerances: &Value) {
        let graph = json(&folder.join("graph.json"));
        let expected = std::fs::read(folder.join("expected.safetensors")).unwrap();
        let expected = SafeTensors::deserialize(&expected).unwrap();
        for (node, content) in graph.as_object().unwrap() {
            let is_recorded = expected.tensor(&format!("{node}.0/0/pooled")).is_ok();
            if content["class_type"] != "CLIPTextEncode" || !is_recorded {
                continue;
            }
            let source = |content: &Value| &graph[content["inputs"]["clip"][0].as_str().unwrap()];
            let mut clip = source(content);
            let last = clip["inputs"]["stop_at_clip_layer"].as_i64().map(|layer| layer as i32);
            if last.is_some() {
                clip = source(clip);
            }
            if clip["class_type"] != "CheckpointLoaderSimple" {
                continue;
            }
            let text = content["inputs"]["text"].as_str().unwrap();
            let prompt = Prompt::read(text, WIDTH, &self.embeddings).unwrap();
            let Encoded { tokens, pooled } =
                encode(tower, &prompt.chunks, last, &|| false).unwrap();
            let context = self.projected(&tokens.to_f32().unwrap());
            let found = [("cond_projected", context), ("pooled", pooled.to_f32().unwrap())];
            for (part, found) in found {
                let key = format!("{node}.0/0/{part}");
                let view = expected.tensor(&key).unwrap();
                let (values, _) = view.data().as_chunks::<4>();
                assert_eq!(values.len(), found.len(), "{folder:?} {key}");
                let pairs = values.iter().zip(&found);
                let gaps = pairs.map(|(&a, &b)| f64::from((f32::from_le_bytes(a) - b).abs()));
                let gap = gaps.fold(0.0, |a, b| if b.is_nan() { f64::MAX } else { b.max(a) });
                let ratio = gap / tolerances[&key]["tol"].as_f64().unwrap();
                assert!(ratio <= 1.0, "{folder:?} {key}: {ratio} of the tolerance, {text}");
                self.worst = self.worst.max(ratio);
            }
            self.count += 1;
        }
    }

    fn projected(&self, context: &[f32]) -> Vec<f32> {
        let rows = context.chunks_exact(WIDTH).flat_map(|row| {
            (0..COLUMNS).map(move |column| {
                let products = row.iter().zip(self.projection[column..].iter().step_by(COLUMNS));
                products.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
            })
        });
        rows.collect()
    }
}
