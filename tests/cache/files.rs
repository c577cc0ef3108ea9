//! Contents of files are part of what a result is known by; packs and devices: see the unit tests
//! of keys.

use std::path::Path;
use std::time::{Duration, SystemTime};

use amdm_diffusion::{Device, Models};
use amdm_runtime::{Host, HostOptions};
use serde_json::{Value, json};

use crate::scene::{Place, disk, graph, host, memory, once, options, run, with};

fn picture(path: &Path, shade: u8) {
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, 4, 4);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(&[shade; 48]).unwrap();
}

fn loading() -> Value {
    json!({
        "load": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "large": {"class_type": "ImageScaleBy",
                  "inputs": {"image": ["load", 0], "scale_by": 2.0}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["large", 0]}},
    })
}

#[test]
fn the_content_of_a_picture_counts_and_not_its_name() {
    let (host, place) = (host(memory()), Place::new());
    picture(&place.input("a.png"), 10);
    let first = place.run(&host, &loading());
    assert!(place.run(&host, &loading()).is_cached());
    picture(&place.input("a.png"), 20);
    let changed = place.run(&host, &loading());
    assert!(!changed.is_cached());
    assert_ne!(first.pictures, changed.pictures);
    picture(&place.input("a.png"), 10);
    let back = place.run(&host, &loading());
    assert!(back.is_cached());
    assert_eq!(first.pictures, back.pictures);
}

#[test]
fn a_picture_named_by_a_link_is_read_each_time() {
    let (host, place) = (host(memory()), Place::new());
    picture(&place.input("a.png"), 10);
    let mut graph = loading();
    graph["name"] = json!({"class_type": "PrimitiveString", "inputs": {"value": "a.png"}});
    graph["load"]["inputs"]["image"] = json!(["name", 0]);
    let first = place.run(&host, &graph);
    picture(&place.input("a.png"), 20);
    let changed = place.run(&host, &graph);
    assert_ne!(first.pictures, changed.pictures);
}

/// Weights of the tiny family as a file; `change` alters the last byte.
fn weights(dir: &Path, change: bool) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../diffusion/weights/attributes.f16.safetensors");
    let mut bytes = std::fs::read(file).unwrap();
    if change {
        let end = bytes.len() - 2;
        bytes[end..].copy_from_slice(&[0, 0x40]);
    }
    std::fs::write(dir.join("own.safetensors"), bytes).unwrap();
}

#[test]
fn the_content_of_a_weight_file_counts() {
    let dir = tempfile::tempdir().unwrap();
    weights(dir.path(), false);
    let model_dirs = vec![dir.path().to_owned()];
    let host = Host::open(&HostOptions { model_dirs, ..options(memory()) }).unwrap();
    let mut graph = with("attributes", "model_name", "own.safetensors".into());
    graph["attributes"]["inputs"]["family"] = "tiny-attributes".into();
    let first = once(&host, &graph);
    assert!(once(&host, &graph).is_cached());
    weights(dir.path(), true);
    // The same size; file systems may count time in coarse steps.
    let file = std::fs::File::options().write(true).open(dir.path().join("own.safetensors"));
    file.unwrap().set_modified(SystemTime::now() - Duration::from_secs(100)).unwrap();
    let changed = once(&host, &graph);
    assert!(changed.outcome.passes > 0);
    assert_ne!(first.pictures, changed.pictures);
    weights(dir.path(), false);
    assert!(once(&host, &graph).is_cached());
}

#[test]
fn the_number_of_threads_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(disk(dir.path()));
    once(&host, &graph());
    assert!(once(&host, &graph()).is_cached());
    let threads = Host::open(&HostOptions { threads: 2, ..options(disk(dir.path())) }).unwrap();
    assert!(once(&threads, &graph()).is_cached());
}

#[test]
fn networks_of_the_embedder_are_kept_in_memory_alone() {
    let dir = tempfile::tempdir().unwrap();
    let both = || amdm_runtime::ResultCache { dir: Some(dir.path().into()), ..memory() };
    let graph = with("attributes", "model_name", "mine".into());
    let own = |host: &Host| {
        let models = Models::new(&Device::cpu(1).unwrap());
        host.models().register("mine", models.load("tiny-attributes", "").unwrap(), None).unwrap();
    };
    let (first, place) = (host(both()), Place::new());
    own(&first);
    let pictures = place.run(&first, &graph).pictures;
    assert!(place.run(&first, &graph).is_cached());
    let second = host(both());
    own(&second);
    let again = run(&second, &graph, &place.options());
    assert!(again.outcome.passes > 0);
    assert_eq!(again.pictures, pictures);
}
