//! What sweeps share with single runs: warnings, `--partial`, `--result`, and the sheet of all
//! runs.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::{amdm, text};

/// A graph that is quick to run, with two pictures: `z` is saved first.
fn graph() -> Value {
    json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 64, "height": 32}},
        "first": {"class_type": "SaveImage",
                  "inputs": {"images": ["text", 0], "filename_prefix": "z"}},
        "label": {"class_type": "ImageLabel", "inputs": {"image": ["text", 0], "text": "more"}},
        "second": {"class_type": "SaveImage",
                   "inputs": {"images": ["label", 0], "filename_prefix": "a"}},
    })
}

fn sweep(dir: &Path, graph: &Value, more: &[&str]) -> Output {
    let (file, out) = (dir.join("graph.json"), dir.join("out"));
    std::fs::write(&file, graph.to_string()).unwrap();
    let run = ["run", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--device", "cpu"];
    amdm(&[&run[..], &["--sweep", "text.size=12,14,16"], more].concat(), b"")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn sheets(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("out")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut sheets = names.filter(|name| name.contains("sheet")).collect::<Vec<_>>();
    sheets.sort();
    sheets
}

#[test]
fn warnings_are_printed_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let output = sweep(dir.path(), &graph(), &["--cache", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let warnings = text(&output.stderr).lines().filter(|line| line.starts_with("warning: results"));
    assert_eq!(warnings.count(), 1, "{output:?}");
}

#[test]
fn a_partly_wrong_graph_runs_in_part() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = graph();
    wrong["label"]["inputs"]["size"] = 0.into();
    assert_eq!(sweep(dir.path(), &wrong, &[]).status.code(), Some(3));
    let output = sweep(dir.path(), &wrong, &["--partial"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(text(&output.stdout).lines().count(), 3, "{output:?}");
    assert!(
        text(&output.stderr).contains("what depends on these nodes does not run"),
        "{output:?}"
    );
    assert_eq!(sweep(dir.path(), &wrong, &["--partial", "--resume"]).status.code(), Some(1));
}

#[test]
fn one_result_tells_of_all_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("result.json");
    let result = ["--result", path.to_str().unwrap()];
    let output = sweep(dir.path(), &graph(), &[&result[..], &["--sheet"]].concat());
    assert!(output.status.success(), "{output:?}");
    let told = read(&path);
    assert_eq!((&told["format"], &told["status"]), (&json!(1), &json!("finished")));
    assert_eq!(told["runs"].as_array().unwrap().len(), 3);
    assert_eq!(told["runs"][1]["settings"], json!({"text.size": "14"}));
    let outputs = told["runs"][1]["result"]["outputs"].as_array().unwrap();
    assert!(outputs[0]["path"].as_str().unwrap().ends_with("out/002/z_00001_.png"), "{told}");
    assert!(told["sheet"]["path"].as_str().unwrap().ends_with("out/sheet_00001_.png"), "{told}");
    // A run that was done already has no result, but its place.
    std::fs::remove_file(dir.path().join("out/003/z_00001_.png")).unwrap();
    let output = sweep(dir.path(), &graph(), &["--resume", "--result", "-"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["runs"][0]["directory"], &told["runs"][0]["result"]),
        (&json!("001"), &Value::Null)
    );
    assert_eq!(told["runs"][2]["result"]["status"], "finished");
    // One that fails is told with what there is.
    let dir = tempfile::tempdir().unwrap();
    let mut bad = graph();
    std::fs::write(dir.path().join("torn.png"), "torn").unwrap();
    bad["torn"] = json!({"class_type": "LoadImage", "inputs": {"image": "torn.png"}});
    bad["second"]["inputs"]["images"] = json!(["torn", 0]);
    let output = sweep(dir.path(), &bad, &[&result[..], &["--progress", "json"]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = read(&path);
    assert_eq!(
        (&told["status"], &told["error"]["code"]),
        (&json!("failed"), &json!("unsupported"))
    );
    assert_eq!(told["runs"][0]["result"]["outputs"].as_array().unwrap().len(), 1);
    let failed = text(&output.stdout).lines().filter(|line| line.contains(r#""event":"failed""#));
    assert_eq!(failed.count(), 1, "{output:?}");
    crate::schemas::fits("result", &told);
}

#[test]
fn the_sheet_is_of_what_is_saved_first_and_replaced_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("out/sheet_00001_.png");
    std::fs::create_dir(dir.path().join("out")).unwrap();
    std::fs::write(&mine, "mine").unwrap();
    assert!(sweep(dir.path(), &graph(), &["--sheet"]).status.success());
    assert_eq!(sheets(dir.path()), ["sheet_00001_.png", "sheet_00002_.png"]);
    assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    let manifest = read(&dir.path().join("out/sweep.json"));
    assert_eq!(manifest["sheet"]["name"], "sheet_00002_.png");
    let sheet = std::fs::read(dir.path().join("out/sheet_00002_.png")).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&sheet)).read_info().unwrap();
    // Three pictures of 64 x 32 with a line of label: `a` would be higher.
    assert!(reader.info().height < 70, "{}", reader.info().height);
    // Killed between the last run and the sheet, or while it was made.
    std::fs::write(dir.path().join("out/sheet_00002_.png"), "torn").unwrap();
    std::fs::create_dir(dir.path().join("out/.amdm-sheet")).unwrap();
    std::fs::write(dir.path().join("out/.amdm-1.part"), "torn").unwrap();
    assert!(sweep(dir.path(), &graph(), &["--sheet", "--resume"]).status.success());
    assert_eq!(sheets(dir.path()), ["sheet_00001_.png", "sheet_00002_.png"]);
    assert!(std::fs::read(dir.path().join("out/sheet_00002_.png")).unwrap() == sheet);
    assert_eq!(read(&dir.path().join("out/sweep.json")), manifest);
    assert!(!dir.path().join("out/.amdm-1.part").exists());
    // Nothing is left to do.
    let output = sweep(dir.path(), &graph(), &["--sheet", "--resume"]);
    assert_eq!(text(&output.stdout), "", "{output:?}");
}

#[test]
fn a_description_leads_no_sheet_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    assert!(sweep(dir.path(), &graph(), &["--sheet"]).status.success());
    let file = dir.path().join("out/sweep.json");
    let manifest = read(&file);
    let absolute = dir.path().join("elsewhere.png");
    let absolute = absolute.to_str().unwrap();
    for name in ["../elsewhere.png", "001/x.png", "mine.png", "sheet_1_.png", absolute] {
        let mut changed = manifest.clone();
        changed["sheet"]["name"] = name.into();
        std::fs::write(&file, changed.to_string()).unwrap();
        let output = sweep(dir.path(), &graph(), &["--sheet", "--resume"]);
        assert!(output.status.success(), "{output:?}");
        assert!(!dir.path().join("out").join(name).exists(), "{name}");
        assert_eq!(read(&file)["sheet"]["name"], sheets(dir.path()).pop().unwrap().as_str());
    }
}
