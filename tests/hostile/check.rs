//! `amdm check` and `amdm run --partial`: verdicts in the form of editors, and their exit codes.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Ended, Scene, amdm, end};
use crate::graphs::{good, with};
use crate::stage::leftovers;

fn answer(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/comfyui/errors");
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn strict_verdicts() {
    let kept = Scene::new(&good());
    let ended = end(&mut amdm(&["check", "--json", &kept.graph()]));
    let json = json!({ "error": null, "node_errors": {}, "warnings": [] });
    assert_eq!((ended.code, answer(&ended)), (Some(0), json));
    let kept = Scene::new(&with("sample", "steps", 0.into()));
    let ended = end(&mut amdm(&["check", "--json", &kept.graph()]));
    let json = answer(&ended);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(3), ""));
    assert_eq!(json["error"]["type"], "prompt_outputs_failed_validation");
    let error = &json["node_errors"]["sample"]["errors"][0];
    assert_eq!(error["type"], "value_smaller_than_min");
    assert_eq!(json["node_errors"]["sample"]["dependent_outputs"], json!(["save"]));
    let kept = Scene::of(b"{");
    let ended = end(&mut amdm(&["check", "--json", &kept.graph()]));
    assert_eq!(ended.code, Some(3));
    assert_eq!(answer(&ended)["error"]["extra_info"]["code"], "invalid_json");
}

/// The good graph, and beside it one that is wrong.
fn half() -> Value {
    let mut graph = good();
    graph["wrong"] = graph["sample"].clone();
    graph["wrong"]["inputs"]["steps"] = 0.into();
    graph["wrong image"] = graph["decode"].clone();
    graph["wrong image"]["inputs"]["latent"] = json!(["wrong", 0]);
    graph["wrong save"] = graph["save"].clone();
    graph["wrong save"]["inputs"]["images"] = json!(["wrong image", 0]);
    graph
}

#[test]
fn a_request_names_the_outputs_that_count() {
    let request = |targets: Value| {
        let mut request = json!({ "client_id": "me", "prompt": half() });
        request["partial_execution_targets"] = targets;
        request
    };
    for (targets, code) in [(json!(["save"]), 0), (json!(null), 3), (json!(["wrong save"]), 3)] {
        let kept = Scene::new(&request(targets.clone()));
        let ended = end(&mut amdm(&["check", "--json", &kept.graph()]));
        assert_eq!(ended.code, Some(code), "{targets} {ended:?}");
        assert_eq!(answer(&ended)["error"].is_null(), code == 0);
        let ended = kept.run(&[]);
        assert_eq!(ended.code, Some(code), "{targets} {ended:?}");
        assert_eq!(leftovers(&kept.out()).len(), usize::from(code == 0));
    }
}

#[test]
fn the_valid_part_runs() {
    let kept = Scene::new(&half());
    let ended = kept.run(&[]);
    assert_eq!((ended.code, leftovers(&kept.out()).len()), (Some(3), 0));
    let ended = kept.run(&["--partial"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 1);
    let error = "error: node wrong (Sampler), input steps: found 0, expected a whole number from 1 \
                 to 1000 [value_smaller_than_min]\n";
    assert!(ended.stderr.starts_with(error), "{ended:?}");
    assert_eq!(leftovers(&kept.out()).len(), 1);
    let ended = kept.run(&["--partial", "--progress", "json"]);
    let first: Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((ended.code, &first["event"]), (Some(1), &json!("left_out")));
    assert_eq!(first["errors"][0]["node"], "wrong");
    let ended = Scene::new(&good()).run(&["--partial"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = Scene::new(&with("sample", "steps", 0.into())).run(&["--partial"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

/// The exit code is 0 exactly where the server answered 200.
#[test]
fn foreign_verdicts() {
    let text = std::fs::read_to_string(fixture("requests.json")).unwrap();
    let requests: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let info = fixture("object_info.json");
    for (name, case) in requests {
        let text = case.get("request").map_or("{".to_owned(), Value::to_string);
        let kept = Scene::of(text.as_bytes());
        let ended = end(&mut amdm(&["check", &kept.graph(), "--object-info", &info, "--json"]));
        let code = i32::from(case["status"] != 200 && name != "custom_validation");
        assert_eq!(ended.code, Some(code), "{name} {ended:?}");
        assert_eq!(answer(&ended)["error"].is_null(), code == 0, "{name}");
    }
}

/// Workflows are converted for the nodes of that installation, then judged.
#[test]
fn foreign_workflows() {
    let vectors = |name: &str| fixture(&format!("../vectors/{name}"));
    let info = vectors("object_info.json");
    for (name, code) in [("01_basic", 0), ("12_unknown_type", 1), ("35_out_of_range", 1)] {
        let file = vectors(&format!("{name}.ui.json"));
        let ended = end(&mut amdm(&["check", &file, "--object-info", &info, "--json"]));
        assert_eq!(ended.code, Some(code), "{name} {ended:?}");
        assert_eq!(answer(&ended)["error"].is_null(), code == 0, "{name}");
    }
}

#[test]
fn foreign_verdicts_for_people() {
    let info = fixture("object_info.json");
    let node = |inputs: Value| {
        let graph = json!({
            "1": { "class_type": "ProbeLoader", "inputs": inputs, "_meta": { "title": "Base" } },
            "2": { "class_type": "PreviewImage", "inputs": { "images": "x" } },
            "3": { "class_type": "ProbeCheck", "inputs": { "image": ["1", 0], "n": 1 } },
            "4": { "class_type": "PreviewImage", "inputs": { "images": ["3", 0] } },
        });
        Scene::new(&graph)
    };
    let kept = node(json!({}));
    let ended = end(&mut amdm(&["check", &kept.graph(), "--object-info", &info]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let error = "error: node 3 (ProbeCheck), input image: found AMDM_MODEL from output 0 of node 1 \
                 (ProbeLoader), expected IMAGE [return_type_mismatch]\n";
    assert!(ended.stderr.contains(error), "{ended:?}");
    assert!(ended.stdout.ends_with(": accepted, of the outputs only 2 would run\n"), "{ended:?}");
    let graph = json!({
        "1": { "class_type": "ProbeLoader", "inputs": { "name": "a.safetensor", "dtype": "" },
            "_meta": { "title": "Base" } },
        "2": { "class_type": "ProbeSampler", "inputs": { "model": ["1", 0] } },
        "4": { "class_type": "PreviewImage", "inputs": { "images": ["2", 0] } },
    });
    let kept = Scene::new(&graph);
    let mut command = amdm(&["check", "-", "--object-info", &info]);
    let ended = end(command.stdin(File::open(kept.graph()).unwrap()));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let error = "warning: node 1 \"Base\" (ProbeLoader), input dtype: found \"\", expected \"auto\" \
                 or \"fp32\" [value_not_in_list]\nerror: node 1 \"Base\" (ProbeLoader), input name: found \"a.safetensor\", \
                 expected \"a.safetensors\" or \"b.safetensors\"; did you mean a.safetensors? \
                 [value_not_in_list]\n";
    assert!(ended.stderr.starts_with(error), "{ended:?}");
    assert!(ended.stderr.ends_with("-: 6 errors, nothing would run\n"), "{ended:?}");
}

#[test]
fn a_bad_object_info_is_a_wrong_command_line() {
    let kept = Scene::new(&good());
    let (broken, list) = (Scene::of(b"{\"A\": "), Scene::of(b"[]"));
    for (file, message) in [
        ("no-such-file.json".to_owned(), "no-such-file.json: "),
        (broken.graph(), "line 1, column 6: found the end of the text, expected a value"),
        (list.graph(), "found no object, expected class names and their entries"),
    ] {
        let ended = end(&mut amdm(&["check", &kept.graph(), "--object-info", &file]));
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.starts_with("error: --object-info "), "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
    for more in [["-", "--object-info", "-", "--json"], ["-", "--object-info", "x", "--set=a.b=1"]]
    {
        let ended = end(amdm(&["check"]).args(more));
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}
