//! `amdm run --sweep`: what it writes, that it resumes, and that nothing is overwritten.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::{amdm, text};

/// A graph that is quick to run.
fn graph(dir: &Path) -> String {
    let graph = json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 64},
                 "_meta": {"amdm": {"param": {"text": "words"}}}},
        "save": {"class_type": "SaveImage",
                 "inputs": {"images": ["text", 0], "filename_prefix": "word"}},
    });
    let path = dir.join("graph.json");
    std::fs::write(&path, graph.to_string()).unwrap();
    path.to_str().unwrap().into()
}

fn sweep(dir: &Path, more: &[&str]) -> std::process::Output {
    let (graph, out) = (graph(dir), dir.join("out"));
    let run = ["run", &graph, "--out", out.to_str().unwrap(), "--threads", "1"];
    let sweeps = ["--sweep", "words=a,b", "--sweep", "text.size=12..16:2"];
    amdm(&[&run[..], &sweeps, more].concat(), b"")
}

/// All files below a directory, by relative name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

#[test]
fn every_combination_has_a_directory_and_a_description() {
    let dir = tempfile::tempdir().unwrap();
    let output = sweep(dir.path(), &["--sheet"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout).lines().count(), 7, "{output:?}");
    assert!(text(&output.stderr).contains("5 of 6: words=b text.size=14"), "{output:?}");
    let files = files(&dir.path().join("out"));
    let manifest: Value = serde_json::from_slice(&files["sweep.json"]).unwrap();
    assert_eq!(manifest["sweeps"][1], json!({"set": "text.size", "values": ["12", "14", "16"]}));
    let fifth = &manifest["runs"][4];
    assert_eq!(fifth["directory"], "005");
    assert_eq!(fifth["settings"], json!({"words": "b", "text.size": "14"}));
    assert_eq!(fifth["files"][0]["name"], "word_00001_.png");
    assert_eq!(fifth["files"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(manifest["made_with"]["amdm"], env!("CARGO_PKG_VERSION"));
    assert_eq!(files.len(), 8, "{:?}", files.keys());
    assert!(files.contains_key("sheet_00001_.png"));
    assert_ne!(files["001/word_00001_.png"], files["002/word_00001_.png"]);
    assert_ne!(files["001/word_00001_.png"], files["004/word_00001_.png"]);
}

#[test]
fn a_sweep_that_was_interrupted_is_continued() {
    let whole = tempfile::tempdir().unwrap();
    assert!(sweep(whole.path(), &[]).status.success());
    let expected = files(&whole.path().join("out"));
    // As if it had been killed in the third run: no entry, and a file of it is there already.
    let part = tempfile::tempdir().unwrap();
    assert!(sweep(part.path(), &[]).status.success());
    let out = part.path().join("out");
    let mut manifest: Value = serde_json::from_slice(&expected["sweep.json"]).unwrap();
    for run in &mut manifest["runs"].as_array_mut().unwrap()[2..] {
        run.as_object_mut().unwrap().remove("files");
    }
    std::fs::write(out.join("sweep.json"), manifest.to_string()).unwrap();
    std::fs::remove_dir_all(out.join("005")).unwrap();
    std::fs::write(out.join("001/word_00001_.png"), "damaged").unwrap();
    let output = sweep(part.path(), &["--resume"]);
    assert!(output.status.success(), "{output:?}");
    // The second run was whole; the damaged first and the others ran.
    assert_eq!(text(&output.stdout).lines().count(), 5, "{output:?}");
    assert!(files(&out) == expected, "the continued sweep differs");
    assert!(text(&output.stderr).ends_with("\n1 of 6 were done before\n"), "{output:?}");
    let output = sweep(part.path(), &["--resume"]);
    assert_eq!(text(&output.stdout), "", "a finished sweep ran again");
}

#[test]
fn nothing_is_overwritten_or_mixed_up() {
    let dir = tempfile::tempdir().unwrap();
    assert!(sweep(dir.path(), &[]).status.success());
    let before = files(dir.path());
    let output = sweep(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("found a sweep; --resume continues it"), "{output:?}");
    let output = sweep(dir.path(), &["--sweep", "text.height=40,50", "--resume"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("of another graph or other values"), "{output:?}");
    let output = sweep(dir.path(), &["--set", "text.width=80", "--resume"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("[sweep_changed]"), "{output:?}");
    assert_eq!(files(dir.path()), before);
}

#[test]
fn what_is_wrong_with_any_run_is_said_before_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let output = sweep(dir.path(), &["--sweep", "text.height=40,0"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("input height: found 0, expected a whole number from 1"), "{said}");
    assert!(said.contains("with words=a text.size=12 text.height=0"), "{said}");
    assert!(!dir.path().join("out").exists());
    let output = sweep(dir.path(), &["--sweep", "text.height=40,0", "--progress", "json"]);
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&event["event"], &event["errors"][0]["input"]),
        (&json!("invalid"), &json!("height"))
    );
    let output = sweep(dir.path(), &["--sweep", "wordz=a"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("did you mean words?"), "{output:?}");
    let output = amdm(&["run", &graph(dir.path()), "--resume"], b"");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn directories_of_others_stay_as_they_are() {
    for more in [&[][..], &["--resume"]] {
        let dir = tempfile::tempdir().unwrap();
        let mine = dir.path().join("out/005/mine.txt");
        std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
        std::fs::write(&mine, "precious").unwrap();
        let output = sweep(dir.path(), more);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("found something that no sweep wrote"), "{output:?}");
        assert_eq!(std::fs::read(&mine).unwrap(), b"precious");
        assert_eq!(files(&dir.path().join("out")).len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn one_sweep_at_a_time_works_in_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let other = std::fs::File::open(&out).unwrap();
    other.try_lock().unwrap();
    for more in [&[][..], &["--resume"]] {
        let output = sweep(dir.path(), more);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("out: another process runs a sweep there"));
        assert!(files(&out).is_empty());
    }
    drop(other);
    assert!(sweep(dir.path(), &["--resume"]).status.success());
}
