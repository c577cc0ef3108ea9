//! Names of files: `plan` tells them as `run` gives them, and refuses what `run` refuses; pictures
//! that are not there; what keeps a run from beginning, as a line of `--progress json`.

use std::path::Path;

use serde_json::{Value, json};

use crate::{amdm, text};

fn graph(prefix: &str) -> Value {
    json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 64, "height": 32},
                 "_meta": {"title": "Text"}},
        "large": {"class_type": "ImageScaleBy",
                  "inputs": {"image": ["text", 0], "scale_by": 1.3}},
        "save": {"class_type": "SaveImage",
                 "inputs": {"images": ["large", 0], "filename_prefix": prefix}},
    })
}

fn write(dir: &Path, graph: &Value) -> (String, String) {
    let (file, out) = (dir.join("graph.json"), dir.join("out"));
    std::fs::write(&file, graph.to_string()).unwrap();
    (file.to_str().unwrap().into(), out.to_str().unwrap().into())
}

#[test]
fn a_plan_names_files_as_the_run_does() {
    let dir = tempfile::tempdir().unwrap();
    let (graph, out) = write(dir.path(), &graph("%Text.width%/%width%x%height% %date:yyyy%"));
    let output = amdm(&["plan", &graph, "--json"], b"");
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = plan["nodes"].as_array().unwrap();
    let save = nodes.iter().find(|node| node["node"] == "save").unwrap();
    assert_eq!(save["pixels"], json!([83, 42]));
    let output = amdm(&["run", &graph, "--out", &out], b"");
    assert!(output.status.success(), "{output:?}");
    let expected = format!("{out}/{}_00001_.png\n", save["writes"].as_str().unwrap());
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn a_plan_refuses_names_as_the_run_does() {
    for (prefix, reason) in [
        ("../x", "[denied]"),
        ("", "expected the name of a file [invalid_input]"),
        ("a:b", "found ':' in the name \"a:b_00001_.png\""),
        ("con/x", "found the device CON in the name \"con\""),
        ("nul.a", "found the device NUL in the name \"nul.a_00001_.png\""),
        ("x./y", "found a dot or space at the end in the name \"x.\""),
        ("x /y", "found a dot or space at the end in the name \"x \""),
        ("%date:hh:mm%", "found ':' in the name"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (graph, out) = write(dir.path(), &graph(prefix));
        let planned = amdm(&["plan", &graph], b"");
        let ran = amdm(&["run", &graph, "--out", &out, "--device", "cpu"], b"");
        assert_eq!((planned.status.code(), ran.status.code()), (Some(1), Some(1)), "{prefix}");
        let (planned, ran) = (text(&planned.stderr), text(&ran.stderr));
        let place = "error: node save (SaveImage), input filename_prefix: ";
        assert!(planned.starts_with(place) && planned.contains(reason), "{planned}");
        if !prefix.contains("hh") {
            assert_eq!(planned, ran);
        }
    }
    // At the end of the name a number follows.
    let dir = tempfile::tempdir().unwrap();
    let (graph, _) = write(dir.path(), &graph("con. "));
    let output = amdm(&["plan", &graph], b"");
    assert!(text(&output.stderr).contains("the device CON"), "{output:?}");
}

#[test]
fn a_picture_that_is_not_there_has_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let load = json!({
        "load": {"class_type": "LoadImage", "inputs": {"image": "cat.png"}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["load", 0]}},
    });
    let (graph, out) = write(dir.path(), &load);
    for command in [&["run", "--out", &out][..], &["plan"], &["check"], &["check", "--json"]] {
        let output = amdm(&[&command[..1], &[&graph], &command[1..]].concat(), b"");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = [text(&output.stdout), text(&output.stderr)].concat();
        let place = format!("(pictures of {}; --inputs names another", dir.path().display());
        assert!(said.contains(&place), "{said}");
    }
    let mut wrong = load;
    wrong["load"] = json!({"class_type": "TextImage", "inputs": {"text": "a", "align": "up"}});
    let (graph, _) = write(dir.path(), &wrong);
    let output = amdm(&["check", &graph], b"");
    assert!(!text(&output.stderr).contains("--inputs"), "{output:?}");
}

#[test]
fn what_keeps_a_run_from_beginning_is_an_event() {
    let dir = tempfile::tempdir().unwrap();
    let (graph, out) = write(dir.path(), &graph("x"));
    let missing = dir.path().join("missing.json");
    let missing = missing.to_str().unwrap();
    let run = ["--out", &out, "--progress", "json"];
    for (arguments, code, kind) in [
        (&[graph.as_str(), "--set", "nobody.x=1"][..], 2, "invalid_input"),
        (&[&graph, "--sweep", "nobody.x=1"], 2, "invalid_input"),
        (&[&graph, "--params", missing], 2, "invalid_input"),
        (&[&graph, "--device", "abacus"], 2, "invalid_input"),
        (&[&graph, "--packs", missing], 2, "input_output"),
        (&[missing], 3, "input_output"),
    ] {
        let output = amdm(&[&["run"][..], arguments, &run].concat(), b"");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let lines = text(&output.stdout).lines().collect::<Vec<_>>();
        assert_eq!(lines.len(), 1, "{output:?}");
        let event: Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!((&event["event"], &event["error"]["code"]), (&json!("failed"), &json!(kind)));
        crate::schemas::fits("events", &event);
        // People are told as well, and once.
        assert_eq!(text(&output.stderr).matches("error: ").count(), 1, "{output:?}");
    }
    // A failure of the run itself is told once, that of a name before any node has run.
    let output =
        amdm(&[&["run", &graph, "--set", "save.filename_prefix=../x"][..], &run].concat(), b"");
    let lines = text(&output.stdout).lines().collect::<Vec<_>>();
    assert!(lines.len() == 1 && lines[0].contains(r#""event":"failed""#), "{output:?}");
    assert!(!Path::new(&out).exists());
}

#[test]
fn judging_as_a_server_takes_no_changes() {
    let check = ["check", "05_subgraph.api.json", "--object-info", "object_info.json"];
    for more in [["--set", "a.b=1"], ["--params", "x.json"], ["--inputs", "x"]] {
        let output = amdm(&[&check[..], &more].concat(), b"");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).contains("cannot be used with"), "{output:?}");
    }
}

#[test]
fn what_is_odd_about_a_file_is_told_beside_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let mut saved = crate::workflow();
    saved["nodes"][2]["inputs"][1]["link"] = json!(33);
    let (graph, out) = write(dir.path(), &saved);
    let result = dir.path().join("result.json");
    let more = ["--out", &out, "--result", result.to_str().unwrap()];
    for arguments in [
        &["check", &graph][..],
        &["plan", &graph],
        &[&["run", &graph][..], &more].concat(),
        &[&["run", &graph, "--sweep", "5.filename_prefix=a,b"][..], &more].concat(),
    ] {
        let output = amdm(arguments, b"");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = text(&output.stderr);
        let [odd, wrong] = ["a link that is not in the file", "[required_input_missing]"]
            .map(|part| said.find(part).unwrap_or_else(|| panic!("{part}: {said}")));
        assert!(odd < wrong && said.matches("not in the file").count() == 1, "{said}");
    }
    let told = std::fs::read_to_string(result).unwrap();
    assert!(told.contains("not in the file"), "{told}");
}

#[test]
fn warnings_leave_the_rest_of_the_screen_to_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut many = graph("x");
    for id in 0..60 {
        many[format!("{id}")] = json!({"class_type": "TextImage", "inputs": {"text": "a"}});
    }
    let (graph, out) = write(dir.path(), &many);
    for arguments in [&["check", &graph][..], &["run", &graph, "--out", &out]] {
        let output = amdm(arguments, b"");
        assert!(output.status.success(), "{output:?}");
        let said = text(&output.stderr);
        assert_eq!(said.matches("[unused_node]").count(), 50, "{said}");
        assert!(said.contains("\nand 10 more warnings\n"), "{said}");
    }
}
