//! `host/capi/include/amdm.h` is what the crate says.

use std::path::{Path, PathBuf};

fn capi() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

pub fn committed() -> String {
    std::fs::read_to_string(capi().join("include/amdm.h")).unwrap()
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(capi().join("cbindgen.toml")).unwrap();
    let mut config = config;
    config.header = Some(std::fs::read_to_string(capi().join("chapter.txt")).unwrap());
    let builder = cbindgen::Builder::new().with_config(config);
    let builder = builder.with_src(capi().join("../native/src/lib.rs"));
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

/// With `AMDM_ACCEPT=1` the header is written in place of being compared.
#[test]
fn the_header_is_what_the_crate_says() {
    let generated = generated();
    if std::env::var_os("AMDM_ACCEPT").is_some() {
        std::fs::write(capi().join("include/amdm.h"), &generated).unwrap();
    }
    let committed = committed();
    let mut lines = generated.lines().zip(committed.lines()).enumerate();
    let first = lines.find(|(_, (generated, committed))| generated != committed);
    let same = generated == committed;
    assert!(same, "the header is another one, first at {first:?}: AMDM_ACCEPT=1 writes it");
}
