//! The standard pack.

use std::path::{Path, PathBuf};

use amdm_describe::describe;

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit")
}

#[test]
fn the_standard_pack_parses() {
    let nodes = describe(&wit()).unwrap();
    let types: Vec<&str> = nodes.iter().map(|node| node.r#type.as_str()).collect();
    assert_eq!(types.first(), Some(&"ModelLoader"));
    for class in ["Lane", "AggregateStep", "ManifoldRefine", "Sampler", "SaveImage"] {
        assert!(types.contains(&class), "{class}");
    }
    assert!(nodes.iter().all(|node| node.pack == "amdm:node" && node.version == "0.1.0"));
}

#[test]
fn the_standard_pack_lists_all_of_its_nodes() {
    let list = std::fs::read_to_string(wit().join("standard.wit")).unwrap();
    let listed = list.lines().filter_map(|line| line.trim().strip_prefix("import "));
    let listed: Vec<String> =
        listed.map(|name| name.trim_end_matches(';').replace('-', "").to_lowercase()).collect();
    let nodes = describe(&wit()).unwrap();
    let nodes: Vec<String> = nodes.iter().map(|node| node.r#type.to_lowercase()).collect();
    assert_eq!(nodes, listed);
}

#[test]
fn a_filter_of_the_contract_is_a_choice() {
    let nodes = describe(&wit()).unwrap();
    let scale = nodes.iter().find(|node| node.r#type == "ImageScale").unwrap();
    let method = &scale.inputs[1];
    assert_eq!((method.name.as_str(), method.r#type.as_str()), ("upscale_method", "COMBO"));
    assert_eq!(method.choices[0].name, "nearest-exact");
}
