//! `amdm run --dump`: the values of all outputs as files; and what a mask keeps from a sampler.

use std::path::Path;

use safetensors::SafeTensors;
use serde_json::json;

use crate::{amdm, text};

/// Runs two steps from an empty latent with a mask of `value`; leaves all values in `dir`.
fn run(dir: &Path, value: f64) {
    let graph = json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-style"}},
        "style": {"class_type": "TinyStyle", "inputs": {"model": ["model", 0], "style": "flat"}},
        "timed": {"class_type": "ConditioningSetTimestepRange",
                  "inputs": {"conditioning": ["style", 0], "start": 0.0, "end": 0.75}},
        "lane": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["timed", 0]}},
        "empty": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "mask": {"class_type": "SolidMask", "inputs": {"value": value, "width": 32, "height": 32}},
        "my masked": {"class_type": "SetLatentNoiseMask",
                      "inputs": {"samples": ["empty", 0], "mask": ["mask", 0]}},
        "sample": {"class_type": "Sampler", "inputs": {
            "lanes": ["lane", 0], "latent": ["my masked", 0], "steps": 2, "solver": "euler",
        }},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["model", 0], "latent": ["sample", 0]}},
        "save": {"class_type": "PreviewImage", "inputs": {"images": ["decode", 0]}},
    });
    let dump = dir.join("dump");
    let (out, dump) = (dir.join("out"), dump.to_str().unwrap());
    let arguments = ["run", "-", "--out", out.to_str().unwrap(), "--dump", dump];
    let ended = amdm(&arguments, graph.to_string().as_bytes());
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

fn values(dir: &Path, file: &str, tensor: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = std::fs::read(dir.join("dump").join(file)).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let view = file.tensor(tensor).unwrap();
    let (words, _) = view.data().as_chunks::<4>();
    (view.shape().to_vec(), words.iter().map(|word| f32::from_le_bytes(*word)).collect())
}

#[test]
fn what_lies_outside_a_mask_is_left_by_the_sampler() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), 0.0);
    let (shape, latent) = values(dir.path(), "sample.0.safetensors", "samples");
    assert_eq!(shape, [1, 3, 32, 32]);
    assert!(latent.iter().all(|value| value.abs() < 1e-6), "the empty latent stays");
    run(dir.path(), 1.0);
    let (_, latent) = values(dir.path(), "sample.0.safetensors", "samples");
    assert!(latent.iter().any(|value| value.abs() > 0.1), "all of it is sampled");
}

#[test]
fn outputs_are_written_by_node_and_slot() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), 0.5);
    assert_eq!(
        values(dir.path(), "mask.0.safetensors", "value"),
        (vec![1, 32, 32], vec![0.5; 1024])
    );
    let masked = "my%20masked.0.safetensors";
    let (shape, mask) = values(dir.path(), masked, "noise-mask");
    assert_eq!((shape, mask), (vec![1, 1, 32, 32], vec![0.5; 1024]));
    let bytes = std::fs::read(dir.path().join("dump").join(masked)).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let notes = header.metadata().as_ref().unwrap();
    assert_eq!(notes["latent-space"], "tiny-rgb-32");
    let lane = std::fs::read(dir.path().join("dump/lane.0.safetensors")).unwrap();
    let (_, header) = SafeTensors::read_metadata(&lane).unwrap();
    let notes = header.metadata().as_ref().unwrap();
    assert_eq!((notes["0/weight"].as_str(), notes["0/positive/0/end"].as_str()), ("1", "0.75"));
    assert_eq!(values(dir.path(), "decode.0.safetensors", "value").0, [1, 32, 32, 3]);
    let files = std::fs::read_dir(dir.path().join("dump")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(!files.into_iter().any(|file| file.starts_with("model.")), "models are no values");
}
