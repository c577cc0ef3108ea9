//! Nodes that crash, lie or say what nobody can read.

use amdm_runtime::{Cancel, Failure, Limits, RunOptions};
use serde_json::json;

use crate::pack::{CLASS, Source, node};
use crate::stage::{Stage, alone, assert_failure, run};

fn fails(name: &str) -> Failure {
    Stage::new(&Source::node(name), Limits::default()).fails(&alone())
}

#[test]
fn the_modules_are_sound() {
    let stage = Stage::new(&Source::node("good"), Limits::default());
    run(&stage.host, &alone(), &RunOptions::default(), &Cancel::new()).unwrap();
}

#[test]
fn crashes() {
    assert_failure(
        &fails("unreachable"),
        "trap",
        "pack acme:hostile crashed: wasm trap: wasm `unr",
    );
    assert_failure(&fails("recursion"), "trap", "call stack exhausted");
    assert_failure(&fails("start"), "trap", "unreachable");
    assert_failure(&fails("handle"), "trap", "pack acme:hostile crashed");
    assert_failure(&fails("outside"), "trap", "pack acme:hostile crashed");
}

#[test]
fn outputs_that_are_not_as_described() {
    assert_failure(
        &fails("no-output"),
        "pack_mismatch",
        "pack acme:hostile: acme.hostile.Node did not set its output value",
    );
    assert_failure(
        &fails("wrong-kind"),
        "pack_mismatch",
        "acme.hostile.Node set its output value to a text, expected INT",
    );
    assert_failure(
        &fails("undeclared"),
        "pack_mismatch",
        "acme.hostile.Node set the output \"surprise\", its descriptor names value",
    );
    assert_failure(&fails("forged"), "denied", "the kind STEP_POLICY, which only the host makes");
}

#[test]
fn messages_that_nobody_can_read() {
    assert_failure(&fails("not-utf-8"), "trap", "invalid utf-8");
    let failure = fails("huge-text");
    assert_failure(&failure, "invalid_input", "found this  ");
    assert!(failure.message.ends_with("... (1048576 bytes)"));
    let limits = Limits { call_bytes: 1000, ..Limits::default() };
    let failure = Stage::new(&Source::node("too-much"), limits).fails(&alone());
    assert_failure(&failure, "limit_exceeded", "handed over more than 1000 bytes in one call");
}

#[test]
fn a_pack_that_does_not_know_its_own_node() {
    assert_failure(&fails("not-found"), "not_found", "there is no such class");
}

#[test]
fn a_pack_that_wants_the_system() {
    let source = Source::node("wasi").world("clock");
    let failure = Stage::new(&source, Limits::default()).fails(&alone());
    assert_failure(
        &failure,
        "denied",
        "the pack called wasi:clocks/monotonic-clock@0.2.0.now; packs have no access to the system",
    );
}

#[test]
fn a_number_that_is_none_is_refused_where_it_is_used() {
    let source = Source::node("not-a-number").nodes(json!([node(CLASS, "acme:hostile", "FLOAT")]));
    let stage = Stage::new(&source, Limits::default());
    let graph = json!({
        "bad": {"class_type": CLASS, "inputs": {}},
        "text": {"class_type": "TextImage", "inputs": {}},
        "scale": {"class_type": "ImageScaleBy",
                  "inputs": {"image": ["text", 0], "scale_by": ["bad", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["scale", 0]}},
    });
    let failure = stage.fails(&graph);
    assert_eq!(
        failure.to_string(),
        "node scale (ImageScaleBy), input scale_by: found NaN on the link, expected a finite number \
         [invalid_input]"
    );
}
