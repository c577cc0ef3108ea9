//! A pack of somebody else, built outside the workspace, loaded and used in a graph.
//!
//! Needs the target `wasm32-wasip2`; says so and passes where it is not installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use amdm::graph::Document;
use amdm_runtime::{Cancel, Event, Host, HostOptions, ResultCache, RunOptions};

const TARGET: &str = "wasm32-wasip2";

/// The folder that holds the compiled pack; none where it cannot be built here.
fn built() -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let probe = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let libdir = PathBuf::from(String::from_utf8(probe.unwrap().stdout).unwrap().trim());
    if !libdir.is_dir() {
        assert!(std::env::var_os("AMDM_NO_SKIPS").is_none(), "{TARGET} is not installed");
        eprintln!("skipped: run `rustup target add {TARGET}` to build the example pack");
        return None;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pack-rust");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--target", TARGET, "--manifest-path"])
        .arg(example("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .unwrap();
    assert!(built.success(), "the example pack does not build");
    Some(target.join(TARGET).join("release"))
}

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pack-rust").join(file)
}

#[test]
fn a_third_party_pack_builds_loads_and_runs() {
    let Some(pack) = built() else { return };
    let options = HostOptions { pack_dirs: vec![pack], threads: 2, ..HostOptions::default() };
    let host = Host::open(&options).unwrap();
    assert_eq!(host.catalogue().version("acme:sketch"), Some("0.1.0"));

    let picture = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut graph: serde_json::Value =
            serde_json::from_slice(&std::fs::read(example("graph.json")).unwrap()).unwrap();
        change(&mut graph);
        let document = Document::parse(graph.to_string().as_bytes()).unwrap();
        let checked = host.check(&document, None).unwrap();
        let out = tempfile::tempdir().unwrap();
        let options =
            RunOptions { output_dir: out.path().into(), metadata: false, ..RunOptions::default() };
        let outcome =
            host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {})).unwrap();
        (std::fs::read(out.path().join(&outcome.files[0].name)).unwrap(), outcome.passes)
    };

    let (whole, passes) = picture(&|_| {});
    // The ramp acts in all 12 steps, so both lanes run to the end.
    assert_eq!(passes, 24);
    let (flat, _) = picture(&|graph| graph["ramp"]["inputs"]["last"] = 1.0.into());
    assert_ne!(whole, flat, "the step operator changes nothing");
    let (sharp, _) = picture(&|graph| graph["blurred"]["inputs"]["radius"] = 1.into());
    assert_ne!(whole, sharp, "the node changes nothing");
}

#[test]
fn a_sampling_is_not_kept_amid_an_operator_that_may_remember() {
    let Some(pack) = built() else { return };
    let cache = tempfile::tempdir().unwrap();
    let results = ResultCache {
        dir: Some(cache.path().into()),
        checkpoints: Duration::ZERO,
        ..ResultCache::off()
    };
    let options =
        HostOptions { pack_dirs: vec![pack], threads: 1, results, ..HostOptions::default() };
    let host = Host::open(&options).unwrap();
    let mut graph: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example("graph.json")).unwrap()).unwrap();
    let resumes = |graph: &serde_json::Value| {
        let document = Document::parse(graph.to_string().as_bytes()).unwrap();
        let checked = host.check(&document, None).unwrap();
        let out = tempfile::tempdir().unwrap();
        let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
        let cancel = Cancel::new();
        let stop = cancel.clone();
        let sink = Arc::new(move |event| {
            if let Event::Progress { step: 8, .. } = event {
                stop.stop();
            }
        });
        host.run(&document, &checked, &options, &cancel, sink).unwrap_err();
        let again = host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {}));
        again.unwrap().nodes.iter().any(|node| node.resumed)
    };
    assert!(!resumes(&graph));
    // Without it nothing remembers.
    let samplers = graph.as_object_mut().unwrap().values_mut();
    for sampler in { samplers }.filter(|node| node["class_type"] == "Sampler") {
        sampler["inputs"].as_object_mut().unwrap().remove("policy");
    }
    assert!(resumes(&graph));
}

#[test]
fn its_descriptors_are_what_its_wit_says() {
    let Some(pack) = built() else { return };
    let options = HostOptions { pack_dirs: vec![pack], ..HostOptions::default() };
    let host = Host::open(&options).unwrap();
    let catalogue = host.catalogue();
    let said = catalogue.pack("acme:sketch").map(|node| (**node).clone());
    let expected = amdm_describe::describe(&example("wit")).unwrap();
    assert_eq!(said.collect::<Vec<_>>(), expected);
}
