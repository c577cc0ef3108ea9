//! The embedded pack is that of its sources: section, `describe` and WIT say the same.

use xtask::{component, manifest, prebuilt, root, sources};

fn wasm() -> Vec<u8> {
    std::fs::read(prebuilt(&root()).join(manifest::WASM)).unwrap()
}

#[test]
fn its_sources_are_those_of_the_manifest() {
    let manifest = manifest::Manifest::read(&root()).unwrap();
    assert_eq!(sources::sha256(&root()).unwrap(), manifest.sources);
    assert_eq!(sources::hash(&wasm()), manifest.wasm);
}

#[test]
fn section_and_wit_say_the_same() {
    let described = amdm_describe::describe(&root().join("wit")).unwrap();
    let section = component::section(&wasm()).unwrap().unwrap();
    assert_eq!(String::from_utf8(section).unwrap(), amdm_describe::to_json(&described));
    let host = crate::repetition::host(1);
    let catalogue = host.catalogue();
    let loaded = catalogue.nodes().map(|node| (**node).clone()).collect::<Vec<_>>();
    assert_eq!(loaded, described);
}

#[test]
fn describe_says_the_same() {
    let host = crate::repetition::host(1);
    let described = host.describe(&host.packs()[0]).unwrap();
    let nodes = amdm_describe::describe(&root().join("wit")).unwrap();
    assert_eq!(described, amdm_describe::to_json(&nodes));
}
