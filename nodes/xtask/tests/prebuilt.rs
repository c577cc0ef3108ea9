//! The committed component is that of the sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use xtask::{component, manifest, prebuilt, root};

#[test]
fn it_was_built_from_these_sources() {
    xtask::check_sources(&root()).unwrap();
}

#[test]
fn it_imports_the_contract_only_and_describes_itself() {
    let wasm = std::fs::read(prebuilt(&root()).join(manifest::WASM)).unwrap();
    let nodes = amdm_describe::describe(&root().join("wit")).unwrap();
    component::check(&wasm, &amdm_describe::to_json(&nodes)).unwrap();
    assert!(!component::imports(&wasm).unwrap().is_empty());
}

#[test]
fn the_readme_has_its_table() {
    let nodes = amdm_describe::describe(&root().join("wit")).unwrap();
    xtask::readme::check(&root(), &amdm_describe::table(&nodes)).unwrap();
}
