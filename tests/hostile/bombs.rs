//! Nodes that take more than their share.

use std::time::{Duration, Instant};

use amdm_runtime::{Failure, Limits};

use crate::pack::Source;
use crate::stage::{Stage, alone, assert_failure};

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
    assert_failure(&failure, "limit_exceeded", "found operands of 25600000 bytes");
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
