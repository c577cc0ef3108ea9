//! Files that are no packs, or claim names that are not theirs.

use std::time::Duration;

use amdm_runtime::{Cancel, Failure, Host, HostOptions, Limits};
use serde_json::json;

use crate::pack::{CLASS, Source, node};
use crate::stage::{Stage, alone, assert_failure, directory, good, options};

/// Opening a host with these packs fails; one without them goes well.
fn refused(packs: &[&[u8]]) -> Failure {
    let dir = directory(packs[0]);
    for (index, pack) in packs.iter().enumerate().skip(1) {
        std::fs::write(dir.path().join(format!("more-{index}.wasm")), pack).unwrap();
    }
    let bad = HostOptions { pack_dirs: vec![dir.path().into()], ..options() };
    let failure = Host::open(&bad).map(|_| ()).expect_err("a bad pack was taken");
    assert_eq!(failure.code.as_str(), "pack_invalid", "{failure}");
    let file = if packs.len() > 1 { "more-1.wasm" } else { "hostile.wasm" };
    assert!(failure.message.contains(file), "{failure} names no file");
    good(&Host::open(&options()).unwrap());
    failure
}

#[track_caller]
fn says(failure: &Failure, message: &str) {
    assert!(failure.message.contains(message), "{failure}, expected {message:?}");
}

#[test]
fn bytes_that_are_no_webassembly() {
    says(&refused(&[b"\x7fELF and so on"]), "found bytes that are no WebAssembly");
    says(&refused(&[b""]), "found bytes that are no WebAssembly");
}

#[test]
fn a_core_module() {
    let module = Source::node("good").module();
    says(&refused(&[&module]), "found a core WebAssembly module, expected a WebAssembly component");
}

#[test]
fn a_component_that_is_cut_off() {
    let component = Source::node("good").undescribed().component();
    refused(&[&component[..component.len() / 2]]);
}

#[test]
fn a_section_that_is_no_list_of_descriptors() {
    for text in ["no JSON", "{}", "[{\"type\": 3}]", &"[".repeat(10_000)] {
        let pack = Source::node("good").nodes(text).component();
        says(&refused(&[&pack]), "its node descriptors do not parse");
    }
    says(&refused(&[&Source::node("good").nodes("[]").component()]), "it describes no nodes");
}

#[test]
fn a_name_that_belongs_to_others() {
    let pack = |class: &str, pack: &str| {
        Source::node("good").nodes(json!([node(class, pack, "INT")])).component()
    };
    says(
        &refused(&[&pack("Sampler", "acme:hostile")]),
        "found class Sampler in pack acme:hostile, expected a name that starts with acme.hostile.",
    );
    says(&refused(&[&pack("Sampler", "amdm:node")]), "found the name amdm:node");
    says(&refused(&[&pack("Better", "amdm:better")]), "found the name amdm:better");
    says(&refused(&[&pack("acme.other.Node", "acme:hostile")]), "found class acme.other.Node");
}

#[test]
fn a_class_or_a_pack_that_is_there_already() {
    let nodes = json!([node(CLASS, "acme:hostile", "INT"), node(CLASS, "acme:hostile", "INT")]);
    let twice = Source::node("good").nodes(nodes).component();
    says(&refused(&[&twice]), "found a second class acme.hostile.Node");
    let pack = Source::node("good").component();
    says(&refused(&[&pack, &pack]), "found a second pack acme:hostile");
}

#[test]
fn nodes_of_two_packs_in_one() {
    let nodes =
        json!([node(CLASS, "acme:hostile", "INT"), node("acme.other.Node", "acme:other", "INT")]);
    let pack = Source::node("good").nodes(nodes).component();
    says(&refused(&[&pack]), "found class acme.other.Node of acme:other@1.0.0");
}

#[test]
fn a_pack_without_a_section_is_asked() {
    let stage = Stage::new(&Source::node("good").undescribed(), Limits::default());
    assert_eq!(stage.host.catalogue().version("acme:hostile"), Some("1.0.0"));
    let lies = Source::node("good").undescribed().said("nothing").component();
    says(&refused(&[&lies]), "its node descriptors do not parse");
}

#[test]
fn imports_that_no_contract_has() {
    let source = Source::node("missing").world("wishes");
    let failure = Stage::new(&source, Limits::default()).fails(&alone());
    assert_failure(&failure, "pack_invalid", "it imports what the contract does not offer");
    assert!(failure.message.contains("acme:other/wishes"), "{failure}");
}

#[test]
fn descriptors_that_are_not_what_it_says() {
    let other = json!([node("acme.hostile.Other", "acme:hostile", "INT")]);
    let failure = Stage::new(&Source::node("good").said(other), Limits::default()).fails(&alone());
    assert_failure(
        &failure,
        "pack_mismatch",
        "describe names the nodes acme.hostile.Other, its section acme.hostile.Node",
    );
    let failure =
        Stage::new(&Source::node("good").said("nothing"), Limits::default()).fails(&alone());
    assert_failure(&failure, "pack_mismatch", "describe gives no node descriptors");
}

#[test]
fn an_operator_without_operators() {
    let source = Source::node("good").nodes(json!([crate::pack::operator()]));
    let failure = Stage::new(&source, Limits::default()).fails(&crate::stage::sampling(2, 1));
    assert_failure(&failure, "pack_mismatch", "does not export amdm:node/step-operators");
}

#[test]
fn every_bad_file_is_named_at_once() {
    let failure = refused(&[b"nothing", b"\x7fELF"]);
    assert_eq!(failure.message.lines().count(), 2, "{failure}");
    says(&failure, "hostile.wasm is no pack: found bytes that are no WebAssembly");
}

#[test]
#[cfg(unix)]
fn a_pipe_does_not_block() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.wasm");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let options = HostOptions { pack_dirs: vec![dir.path().into()], ..options() };
    let failure = Host::open(&options).map(|_| ()).expect_err("a pipe was taken");
    assert_eq!(failure.code.as_str(), "input_output", "{failure}");
    says(&failure, "it is no regular file");
}

#[test]
fn opening_can_be_stopped() {
    let pack = Source::node("describe-loop").undescribed().component();
    let dir = directory(&pack);
    let cancel = Cancel::new().with_timeout(Some(Duration::from_millis(200)));
    let options = HostOptions { pack_dirs: vec![dir.path().into()], cancel, ..options() };
    let failure = Host::open(&options).map(|_| ()).expect_err("a pack that hangs was taken");
    assert_eq!(failure.code.as_str(), "timeout", "{failure}");
    says(&failure, "the run took longer than its limit of 0.2 s");
}
