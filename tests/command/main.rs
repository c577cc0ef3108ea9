//! The command `amdm`: `convert` first, what goes to stdout, what to stderr, and the exit codes.
//!
//! Files are those of recorded conversions. `run` and `check` accept the same files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod dump;
mod names;
mod native;
mod origins;
mod schemas;
mod settings;
mod speed;
mod sweeps;
mod swept;

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/comfyui/vectors")
}

/// Runs `amdm` in the folder of recorded conversions, with `input` on stdin.
fn amdm(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amdm"));
    command.args(arguments).current_dir(vectors());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A picture of our own nodes, in which a setting's value is the editor's.
fn workflow() -> Value {
    json!({ "nodes": [
        { "id": 1, "type": "ModelLoader", "widgets_values": ["tiny-layout"] },
        { "id": 2, "type": "EmptyLatent", "widgets_values": [],
            "inputs": [{ "name": "model", "type": "MODEL", "link": 1 }] },
        { "id": 3, "type": "DecodeLatent", "inputs": [
            { "name": "model", "type": "MODEL", "link": 2 },
            { "name": "latent", "type": "LATENT", "link": 3 }] },
        { "id": 4, "type": "Reroute", "inputs": [{ "name": "", "type": "*", "link": 4 }] },
        { "id": 5, "type": "SaveImage", "widgets_values": ["grey"],
            "inputs": [{ "name": "images", "type": "IMAGE", "link": 5 }] }],
        "links": [[1, 1, 0, 2, 0, "MODEL"], [2, 1, 0, 3, 0, "MODEL"], [3, 2, 0, 3, 1, "LATENT"],
            [4, 3, 0, 4, 0, "IMAGE"], [5, 4, 0, 5, 0, "IMAGE"]], "version": 0.4 })
}

#[test]
fn the_graph_is_all_that_goes_to_stdout() {
    let arguments = ["convert", "13_short_widgets_values.ui.json", "--object-info"];
    let output = amdm(&[&arguments[..], &["object_info.json"]].concat(), b"");
    assert!(output.status.success());
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(graph["2"]["inputs"]["seed"], 42);
    assert_eq!(graph["2"]["inputs"]["cfg"], 7.5);
    let said = text(&output.stderr);
    assert!(said.starts_with("warning: node 2 \"AMDM Sampler\" (AmdmSampler): found 2"), "{said}");
}

#[test]
fn errors_name_the_node_and_end_with_3() {
    let arguments = ["convert", "12_unknown_type.ui.json", "--object-info", "object_info.json"];
    let output = amdm(&arguments, b"");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    assert!(said.starts_with("error: node 9 (NoSuchNode): found unknown node type"), "{said}");
    assert_eq!(
        amdm(&["convert", "missing.json", "--object-info", "object_info.json"], b"").status.code(),
        Some(3)
    );
    assert_eq!(
        amdm(&["convert", "-", "--object-info", "missing.json"], b"{}").status.code(),
        Some(2)
    );
    assert_eq!(
        amdm(&["convert", "-", "--object-info", "object_info.json"], b"{").status.code(),
        Some(3)
    );
}

#[test]
fn stdin_and_the_own_nodes_are_what_is_used_if_nothing_is_said() {
    let output = amdm(&["convert", "-"], workflow().to_string().as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(graph["5"]["inputs"], json!({ "filename_prefix": "grey", "images": ["3", 0] }));
    // A graph that is one already comes back as it is.
    let again = amdm(&["convert", "-"], &output.stdout);
    assert_eq!(text(&again.stdout), text(&output.stdout));
}

#[test]
fn workflows_are_checked_and_run() {
    let file = workflow().to_string();
    let output = amdm(&["check", "-"], file.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "-: valid, 4 nodes would run\n");
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["run", "-", "--device", "cpu", "--out", dir.path().to_str().unwrap()];
    let output = amdm(&arguments, file.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(dir.path().join("grey_00001_.png").exists());
}

/// In a picture an editor reads the workflow: it says what was set.
#[test]
fn a_picture_restores_what_was_set() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("saved.json"), workflow().to_string()).unwrap();
    let restored = |picture: &str| {
        let output = amdm(&["convert", &path(picture)], b"");
        let graph: Value = serde_json::from_slice(&output.stdout).unwrap();
        graph["5"]["inputs"]["filename_prefix"].clone()
    };
    let set = |option: &str, setting: &str, out: &str| {
        let arguments = ["run", &path("saved.json"), option, setting, "--out", &path(out)];
        let output = amdm(&arguments, b"");
        assert!(output.status.success(), "{output:?}");
    };
    set("--set", "5.filename_prefix=blue", "a");
    assert_eq!(restored("a/blue_00001_.png"), "blue");
    set("--sweep", "5.filename_prefix=red,green", "b");
    assert_eq!(restored("b/001/red_00001_.png"), "red");
    assert_eq!(restored("b/002/green_00001_.png"), "green");
}

/// From the editor's file to a picture, and from the picture to the same picture.
#[test]
fn a_workflow_makes_a_picture_that_makes_itself_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("saved.json"), workflow().to_string()).unwrap();
    let run = |graph: &str, out: &str| {
        let output = amdm(&["run", graph, "--out", &path(out)], b"");
        assert!(output.status.success(), "{output:?}");
        std::fs::read(dir.path().join(out).join("grey_00001_.png")).unwrap()
    };
    let from_workflow = run(&path("saved.json"), "a");
    let converted = amdm(&["convert", &path("saved.json")], b"");
    std::fs::write(path("api.json"), &converted.stdout).unwrap();
    let from_api = run(&path("api.json"), "b");
    let from_picture = run(&path("a/grey_00001_.png"), "c");
    let again = run(&path("c/grey_00001_.png"), "d");
    assert!(from_workflow == from_picture && from_picture == again);
    // The picture made from the API graph has no workflow to carry.
    let pixels = |bytes: &[u8]| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        pixels
    };
    assert!(pixels(&from_api) == pixels(&from_workflow));
}
