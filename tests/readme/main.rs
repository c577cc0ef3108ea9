//! Every command of the README runs and does what it says.
//!
//! Blocks marked `sh` are read from README.md; lines that begin with `amdm` are run with the
//! command that was just built, in a scratch directory that has the examples. `cargo` lines are the
//! test run itself, the installs, and the quickstart, which is run as `amdm run`. Lines that name a
//! graph `sd15-...` need a checkpoint and are not run; these graphs are checked with a small one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The lines of all `sh` blocks.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => commands.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

fn amdm(arguments: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amdm")).args(arguments).current_dir(dir).output().unwrap()
}

#[test]
fn every_command_runs() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let graphs = dir.path().join("examples/graphs");
    std::fs::create_dir_all(&graphs).unwrap();
    for graph in std::fs::read_dir(root().join("examples/graphs")).unwrap() {
        let path = graph.unwrap().path();
        std::fs::copy(&path, graphs.join(path.file_name().unwrap())).unwrap();
    }
    let (mut ran, mut quickstart) = (0, false);
    for command in commands(&readme) {
        if command.contains("examples/graphs/sd15-") {
            continue;
        }
        let words = command.split_whitespace().collect::<Vec<_>>();
        let arguments = match words[..] {
            ["amdm", ref rest @ ..] => rest.to_vec(),
            ["cargo", "run", "--", ref rest @ ..] => {
                quickstart = true;
                rest.to_vec()
            }
            ["cargo", "test", "--workspace"] | ["cargo", "install", ..] => continue,
            // tests/embed installs.
            ["cargo", "xtask", "install", ..] => continue,
            _ => panic!("the README has a command that no test runs: {command}"),
        };
        let output = amdm(&arguments, dir.path());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{errors}");
        ran += 1;
    }
    assert!(quickstart && ran >= 5, "the README's commands were not found");
    assert!(dir.path().join("output/quickstart_00001_.png").is_file());
}

#[test]
fn the_error_it_shows_is_the_error_one_gets() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.lines().find(|line| line.starts_with("error: ")).unwrap();
    let graph = root().join("examples/pack-rust/graph.json");
    let text = std::fs::read_to_string(graph).unwrap();
    let mut graph: serde_json::Value = serde_json::from_str(&text).unwrap();
    graph["sampler"]["inputs"]["steps"] = 0.into();
    graph["sampler"]["inputs"]["policy"] = serde_json::json!(["aggregate", 0]);
    graph["grid"]["inputs"]["image_2"] = serde_json::json!(["large", 0]);
    for third in ["ramp", "blurred"] {
        graph.as_object_mut().unwrap().remove(third);
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("graph.json"), graph.to_string()).unwrap();
    let output = amdm(&["run", "graph.json"], dir.path());
    assert_eq!(output.status.code(), Some(3));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.lines().any(|line| line == shown), "expected {shown}\nfound {errors}");
}

#[test]
fn every_example_graph_is_valid_and_named() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for graph in std::fs::read_dir(root().join("examples/graphs")).unwrap() {
        let path = graph.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("`{name}`")), "the README does not name {name}");
        let mut arguments = vec!["check", path.to_str().unwrap()];
        if name.starts_with("sd15-") {
            arguments.extend(["--models", "tests/fixtures/sd15_ldm_single_file"]);
            arguments.extend(["--set", "checkpoint=weights.safetensors"]);
        }
        let output = amdm(&arguments, &root());
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_picture_runs_again_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let graph = root().join("examples/graphs/official.json");
    assert!(amdm(&["run", graph.to_str().unwrap(), "--out", "a"], dir.path()).status.success());
    assert!(amdm(&["run", "a/official_00001_.png", "--out", "b"], dir.path()).status.success());
    let read = |out: &str| std::fs::read(dir.path().join(out).join("official_00001_.png")).unwrap();
    assert_eq!(read("a"), read("b"));
}
