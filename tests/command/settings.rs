//! `amdm inputs`, `amdm plan`, `--set` and `--params`.

use std::path::Path;

use serde_json::{Value, json};

use crate::{amdm, text};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/graphs").join(name);
    path.to_str().unwrap().into()
}

#[test]
fn inputs_are_listed_for_people_and_programs() {
    let output = amdm(&["inputs", &example("official.json")], b"");
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains(".steps: INT 1 to 1000 = "), "{said}");
    assert!(
        said.contains(".model_name: STRING (tiny-attributes, tiny-layout, tiny-style) = "),
        "{said}"
    );
    let output = amdm(&["inputs", &example("official.json"), "--json"], b"");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let steps = all.iter().find(|one| one["input"] == "steps").unwrap();
    assert_eq!((&steps["type"], &steps["max"]), (&json!("INT"), &json!(1000)));
    for one in all.iter().filter(|one| !one["value"].is_null()) {
        let setting = format!(
            "{}={}",
            one["setting"].as_str().unwrap(),
            match &one["value"] {
                Value::String(text) => text.clone(),
                value => value.to_string(),
            }
        );
        let output = amdm(&["check", &example("official.json"), "--set", &setting], b"");
        assert!(output.status.success(), "{setting}: {output:?}");
    }
}

#[test]
fn a_plan_counts_what_a_run_takes() {
    for name in [
        "quickstart.json",
        "three-lanes.json",
        "refinement.json",
        "official.json",
        "baselines.json",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let output = amdm(&["plan", &example(name), "--json"], b"");
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        let out = dir.path().to_str().unwrap();
        let output = amdm(&["run", &example(name), "--out", out, "--progress", "json"], b"");
        let last: Value =
            serde_json::from_str(text(&output.stdout).lines().last().unwrap()).unwrap();
        assert_eq!(last["event"], "finished", "{name}: {output:?}");
        assert_eq!(plan["passes"], json!({"known": "exactly", "count": last["passes"]}), "{name}");
        let planned = plan["nodes"].as_array().unwrap().iter().map(|node| &node["node"]);
        let ran = last["nodes"].as_array().unwrap().iter().map(|node| &node["node"]);
        assert!(planned.eq(ran), "{name}");
    }
    // What is kept would not run again.
    let dir = tempfile::tempdir().unwrap();
    let (cache, out) = (dir.path().join("cache"), dir.path().join("out"));
    let cache = ["--cache", cache.to_str().unwrap()];
    let graph = example("official.json");
    let run = ["run", &graph, "--out", out.to_str().unwrap()];
    assert!(amdm(&[&run[..], &cache].concat(), b"").status.success());
    let output = amdm(&[&["plan", &graph][..], &cache].concat(), b"");
    let said = text(&output.stdout);
    assert!(said.contains(": from the cache\n") && said.contains(": not asked for\n"), "{said}");
    assert!(said.contains("\n1 node would run, 0 network passes, "), "{said}");
    let output = amdm(&["plan", &example("quickstart.json")], b"");
    let said = text(&output.stdout);
    assert!(said.contains(": 2 lanes, 12 steps, "), "{said}");
    assert!(said.contains(": writes quickstart_NNNNN_.png"), "{said}");
    assert!(said.contains(" network passes, about "), "{said}");
    assert!(said.ends_with(" MiB of tensors\n"), "{said}");
}

/// A picture is scaled and saved; its name, a text and a number come from outside.
#[test]
fn values_come_from_files_and_pictures_by_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let make = json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a picture", "width": 80}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["text", 0], "filename_prefix": "p"}}});
    std::fs::write(path("make.json"), make.to_string()).unwrap();
    assert!(amdm(&["run", &path("make.json"), "--out", &path("made")], b"").status.success());
    std::fs::create_dir(path("graphs")).unwrap();
    let graph = json!({
        "load": {"class_type": "LoadImage", "inputs": {"image": "none.png"},
                 "_meta": {"title": "The picture"}},
        "label": {"class_type": "ImageLabel", "inputs": {"image": ["load", 0], "text": "?"},
                  "_meta": {"amdm": {"param": {"size": "letters"}}}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["label", 0], "filename_prefix": "l"}}});
    std::fs::write(path("graphs/use.json"), graph.to_string()).unwrap();
    std::fs::write(path("text.txt"), "from a file\n").unwrap();
    std::fs::write(path("params.json"), r#"{"letters": 20, "save.filename_prefix": "params"}"#)
        .unwrap();
    let image = format!("The picture.image={}", path("made/p_00001_.png"));
    let from_file = format!("label.text=@{}", path("text.txt"));
    let arguments = [
        "run",
        &path("graphs/use.json"),
        "--out",
        &path("out"),
        "--params",
        &path("params.json"),
        "--set",
        &image,
        "--set",
        &from_file,
    ];
    let output = amdm(&arguments, b"");
    assert!(output.status.success(), "{output:?}");
    let written = path("out/params_00001_.png");
    assert_eq!(text(&output.stdout), format!("{written}\n"));
    // The graph inside tells what was set.
    let output = amdm(&["inputs", &written, "--json", "--inputs", &path("made")], b"");
    let all: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let value = |name: &str| &all.iter().find(|one| one["setting"] == name).unwrap()["value"];
    assert_eq!((value("label.text"), value("label.size")), (&json!("from a file"), &json!(20)));
    assert_eq!(value("load.image"), "p_00001_.png");
}

#[test]
fn wrong_settings_end_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let params = dir.path().join("params.json");
    let file = params.to_str().unwrap();
    for (content, message) in [
        ("[1]", "expected a JSON object of names and values"),
        (r#"{"samplr.steps": 1}"#, "which is not there"),
        ("{", "expected the rest of an object"),
        (r#"{"save.x": 1, "save.x": 2}"#, "a second time, expected each key of an object once"),
    ] {
        std::fs::write(&params, content).unwrap();
        let output = amdm(&["check", &example("official.json"), "--params", file], b"");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains(message), "{output:?}");
    }
    let output = amdm(&["check", &example("official.json"), "--params", "/nowhere"], b"");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let setting = "save.filename_prefix=@/nowhere";
    let output = amdm(&["check", &example("official.json"), "--set", setting], b"");
    assert!(text(&output.stderr).contains("cannot read /nowhere"), "{output:?}");
}
