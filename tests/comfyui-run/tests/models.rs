//! The written model files are the recorded ones.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;

use comfyui_run::models::{Part, Proof, is_whole, keys, write};
use serde_json::Value;

const CHECKSUMS: &str = include_str!("../../fixtures/comfyui-run/sd15/checksums.json");

#[test]
fn small_files_have_the_recorded_hashes() {
    let folder = tempfile::tempdir().unwrap();
    for part in [Part::LoraA, Part::LoraB, Part::Embedding] {
        let path = folder.path().join(part.file(1));
        let keys = keys(part).unwrap();
        assert_eq!(write(&path, 1, part, &keys).unwrap(), Proof::Recorded, "{part}");
        assert!(is_whole(&path, &keys), "{part}");
    }
    let path = folder.path().join("other.safetensors");
    let keys = keys(Part::Embedding).unwrap();
    assert_eq!(write(&path, 2, Part::Embedding, &keys).unwrap(), Proof::None);
    fs::write(&path, &fs::read(&path).unwrap()[1..]).unwrap();
    assert!(!is_whole(&path, &keys));
}

#[test]
fn a_file_that_differs_from_the_recorded_one_is_not_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embedding.safetensors");
    let mut keys = keys(Part::Embedding).unwrap();
    keys[0].0.push('x');
    let error = write(&path, 1, Part::Embedding, &keys).unwrap_err();
    assert!(error.to_string().contains("expected cbd998c3"), "{error}");
    assert!(!path.exists());
}

#[test]
fn tensors_of_the_large_files_begin_with_the_recorded_values() {
    let recorded: Value = serde_json::from_str(CHECKSUMS).unwrap();
    let first = recorded["first_eight_values_f16_seed1"].as_object().unwrap();
    assert_eq!(first.len(), 5);
    for (place, expected) in first {
        let (part, name) = place.split_once(':').unwrap();
        let part: Part = part.parse().unwrap();
        let keys = keys(part).unwrap();
        let (_, rule) = keys.iter().find(|(key, _)| key == name).unwrap();
        let mut bytes = [0; 16];
        rule.fill(1, part, name, 0, &mut bytes);
        let found: Vec<f64> = bytes
            .chunks(2)
            .map(|cell| half::f16::from_le_bytes([cell[0], cell[1]]).to_f64())
            .collect();
        let expected: Vec<f64> =
            expected.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
        assert_eq!(found, expected, "{place}");
    }
}

#[test]
fn entries_that_are_set_exactly_do_not_depend_on_where_a_piece_begins() {
    let keys = keys(Part::Checkpoint).unwrap();
    let name = "model.diffusion_model.input_blocks.0.0.weight";
    let (_, rule) = keys.iter().find(|(key, _)| key == name).unwrap();
    let mut whole = vec![0; rule.bytes()];
    rule.fill(1, Part::Checkpoint, name, 0, &mut whole);
    let mut pieces = vec![0; rule.bytes()];
    for (index, piece) in pieces.chunks_mut(2 * 23).enumerate() {
        rule.fill(1, Part::Checkpoint, name, 23 * index, piece);
    }
    assert_eq!(pieces, whole);
    let at = |index: usize| half::f16::from_le_bytes([whole[2 * index], whole[2 * index + 1]]);
    assert_eq!((at(4).to_f32(), at(40).to_f32(), at(4 * 36 + 4).to_f32()), (1., 0., -1.));
}
