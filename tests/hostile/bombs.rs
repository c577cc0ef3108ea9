//! Nodes that take more than their share.

use std::time::{Duration, Instant};

use amdm_runtime::{Cancel, Failure, Limits, RunOptions};

use crate::pack::Source;
use crate::stage::{Stage, alone, assert_failure, chain, run};

fn fails(name: &str, limits: Limits) -> Failure {
    let stage = Stage::new(&Source::node(name), limits);
    let start = Instant::now();
    let failure = stage.fails(&alone());
    assert!(start.elapsed() < Duration::from_secs(20), "{name} took {:?}", start.elapsed());
    failure
}

fn tensor_bytes(limit: usize) -> Limits {
    Limits { node_tensor_bytes: limit, ..Limits::default() }
}

#[test]
fn memory() {
    let limits = Limits { guest_memory: 16 << 20, ..Limits::default() };
    let failure = fails("memory", limits.clone());
    assert_failure(&failure, "limit_exceeded", "bytes of memory, at most 16777216 are given");
    // 4 pages, and twice 4 MiB: each memory fits, all three do not.
    let source = Source::node("memories").fill("@PAGES@", "64");
    let limits = Limits { guest_memory: 8 << 20, ..limits };
    let failure = Stage::new(&source, limits).fails(&alone());
    assert_failure(&failure, "limit_exceeded", "bytes of memory, at most 8388608 are given");
}

#[test]
fn handles() {
    let limits = Limits { guest_handles: 1000, ..Limits::default() };
    assert_failure(&fails("handles", limits), "limit_exceeded", "the node holds 1000 handles");
}

#[test]
fn tensors() {
    for name in ["tensor-bytes", "affine", "views", "hidden"] {
        let failure = fails(name, tensor_bytes(1 << 20));
        assert_failure(&failure, "limit_exceeded", "at most 1048576 are");
    }
    let failure = fails("terms", tensor_bytes(1 << 20));
    assert_failure(&failure, "limit_exceeded", "found operands of 1280000 bytes");
}

#[test]
fn objects() {
    let failure = fails("list-bomb", Limits::default());
    assert_failure(&failure, "limit_exceeded", "at most 16384 values and 32 levels are kept");
    let failure = fails("nest-bomb", Limits::default());
    assert_failure(&failure, "limit_exceeded", "nested 33 deep in an object a");
}

#[test]
fn samplings() {
    let failure = fails("contexts", tensor_bytes(1 << 20));
    assert_failure(&failure, "limit_exceeded", "at most 1048576 are given");
}

#[test]
fn latents_in_samplings() {
    let many = Source::node("latents").fill("@LANES@", "64");
    let failure = Stage::new(&many, tensor_bytes(1 << 20)).fails(&alone());
    assert_failure(&failure, "limit_exceeded", "the sampling would hold 1081344 bytes of tensors");
    // Each sampling fits, all together do not.
    let few = Source::node("latents").fill("@LANES@", "2");
    let limits = Limits { run_tensor_bytes: 1 << 20, ..Limits::default() };
    let failure = Stage::new(&few, limits).fails(&alone());
    assert_failure(&failure, "limit_exceeded", "the run would hold");
    assert!(failure.message.ends_with("bytes of tensors and texts, at most 1048576 are given"));
}

#[test]
fn memory_of_many_operators() {
    let limits = Limits { run_guest_memory: 8 << 20, ..Limits::default() };
    let stage = Stage::new(&Source::operator("good"), limits);
    let failure = stage.fails(&chain(60));
    let message = failure.to_string();
    assert!(message.contains("bytes of packs' memory, at most 8388608 are given"), "{message}");
    assert!(message.starts_with("node link "), "{message}");
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
    run(&stage.host, &chain(8), &options, &Cancel::new()).unwrap();
}
