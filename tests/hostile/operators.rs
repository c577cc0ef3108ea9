//! Step operators at fault: the error names the operator's node, not the sampler's.

use amdm_runtime::{Cancel, Failure, Limits, RunOptions};

use crate::pack::Source;
use crate::stage::{Stage, assert_failure, chain, run, sampling};

fn fails(source: &Source, limits: Limits) -> Failure {
    Stage::new(source, limits).fails(&sampling(3, 1))
}

#[test]
fn the_modules_are_sound() {
    let stage = Stage::new(&Source::operator("good"), Limits::default());
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
    let outcome = run(&stage.host, &sampling(3, 1), &options, &Cancel::new()).unwrap();
    // Both lanes in the window [0, 2), the target alone after it.
    assert_eq!(outcome.passes, 5);
}

#[test]
fn crashes() {
    let failure = fails(&Source::operator("trap"), Limits::default());
    assert_failure(&failure, "trap", "pack acme:hostile crashed: wasm trap: wasm `unreachable`");
    let failure = fails(&Source::operator("recursion"), Limits::default());
    assert_failure(&failure, "trap", "call stack exhausted");
}

#[test]
fn loops() {
    let limits = Limits { guest_time: std::time::Duration::from_millis(100), ..Limits::default() };
    let failure = fails(&Source::operator("loop"), limits);
    assert_failure(&failure, "timeout", "computed for more than 0.1 s without an end");
}

#[test]
fn windows_outside_the_run() {
    for (start, end) in [("0", "4"), ("2", "1"), ("-1", "-1")] {
        let source = Source::operator("good");
        let text = source
            .fill("i32.const 80) (i32.const 0)", &format!("i32.const 80) (i32.const {start})"));
        let source =
            text.fill("i32.const 84) (i32.const 2)", &format!("i32.const 84) (i32.const {end})"));
        let failure = fails(&source, Limits::default());
        assert_failure(&failure, "invalid_input", "expected one inside [0, 3)");
    }
}

#[test]
fn latents_of_another_shape() {
    let failure = fails(&Source::operator("shape"), Limits::default());
    assert_failure(
        &failure,
        "invalid_input",
        "found a tensor [64] for lane 0, expected its latent's shape [1, 3, 32, 32]",
    );
}

#[test]
fn an_operator_that_plays_the_sampler() {
    let failure = fails(&Source::operator("begin"), Limits::default());
    assert_failure(&failure, "denied", "a step operator began a step");
}

#[test]
fn slots_without_end() {
    let limits = Limits { node_tensor_bytes: 1 << 20, ..Limits::default() };
    let failure = fails(&Source::operator("slots"), limits);
    assert_failure(&failure, "limit_exceeded", "the sampling would hold");
}

#[test]
fn a_chain_without_end() {
    let stage = Stage::new(&Source::operator("good"), Limits::default());
    let failure = stage.fails(&chain(64));
    assert_eq!(
        failure.to_string(),
        "node link 63 (acme.hostile.Node): found more than 64 operators in a chain [limit_exceeded]"
    );
}
