//! Judgements on graphs for other installations: as their server judged, error by error.

use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{Document, ErrorCode, Limits, Verdict, comfy};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

pub fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/comfyui/errors")
}

pub fn probes() -> ObjectInfo {
    ObjectInfo::parse(&fs::read(recordings().join("object_info.json")).unwrap()).unwrap()
}

pub fn judge(request: &Value, info: &ObjectInfo) -> Verdict {
    match Document::from_value(request.clone(), &Limits::default()) {
        Ok(document) => comfy::judge(&document, info),
        Err(error) => Verdict::unreadable(&[error]),
    }
}

fn types(errors: &Value) -> Vec<&str> {
    errors.as_array().unwrap().iter().map(|error| error["type"].as_str().unwrap()).collect()
}

/// Every recorded request gets the recorded verdict, errors word for word. Exceptions of the
/// server's own have a clear error of ours on the same node, cycles one on each of their nodes.
#[test]
fn recorded_requests_are_judged_as_recorded() {
    let text = fs::read_to_string(recordings().join("requests.json")).unwrap();
    let requests: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(requests.len(), 30);
    let info = probes();
    for (name, case) in requests {
        let Some(request) = case.get("request") else { continue };
        let verdict = judge(request, &info);
        let json = serde_json::to_value(&verdict).unwrap();
        assert_eq!(verdict.faults.is_empty(), verdict.is_accepted(), "{name}");
        if case["status"] == 200 || name == "custom_validation" {
            assert_eq!(json["error"], Value::Null, "{name}: {json}");
            assert_eq!(
                (&json["node_errors"], &verdict.outputs[..]),
                (&json!({}), &["3".into()][..])
            );
            continue;
        }
        assert!(json.get("warnings").is_none(), "{name}");
        if case["status"] == 500 {
            assert_eq!(json["error"]["type"], "invalid_prompt", "{name}");
            continue;
        }
        let mut error = json["error"].clone();
        error["extra_info"].as_object_mut().unwrap().shift_remove("nodes");
        assert_eq!(error, case["response"]["error"], "{name}");
        if name == "cycle" {
            for id in ["1", "2"] {
                let node = &json["node_errors"][id];
                assert_eq!(types(&node["errors"]), ["bad_linked_input"]);
                assert_eq!(node["dependent_outputs"], json!(["3"]));
            }
            continue;
        }
        let nodes = case["response"]["node_errors"].as_object().unwrap();
        assert!(json["node_errors"].as_object().unwrap().keys().eq(nodes.keys()), "{name}: {json}");
        for (id, node) in nodes {
            let ours = &json["node_errors"][id];
            if types(&node["errors"])[0].starts_with("exception") {
                let expected =
                    if name == "no_inputs_key" { "invalid_prompt" } else { "bad_linked_input" };
                assert_eq!(types(&ours["errors"]), [expected], "{name}: {json}");
                assert_eq!(ours["dependent_outputs"], node["dependent_outputs"], "{name}");
            } else {
                assert_eq!(ours, node, "{name}");
            }
        }
    }
}

fn sampler(steps: Value) -> Value {
    let inputs =
        json!({ "model": "x", "seed": 1, "steps": steps, "cfg": 1, "flag": false, "text": "x" });
    json!({ "class_type": "ProbeSampler", "inputs": inputs })
}

fn check(from: &str) -> Value {
    json!({ "class_type": "ProbeCheck", "inputs": { "image": [from, 0], "n": 1 } })
}

fn preview(from: &str) -> Value {
    json!({ "class_type": "PreviewImage", "inputs": { "images": [from, 0] } })
}

#[test]
fn one_sound_output_is_enough() {
    let mut request = json!({ "prompt": {
        "bad": sampler(json!(0)), "good": sampler(json!(1)),
        "a": preview("bad"), "b": preview("good"), "c": preview("bad"),
    }});
    let verdict = judge(&request, &probes());
    assert_eq!(verdict.outputs, ["b"]);
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["error"], Value::Null);
    assert_eq!(json["node_errors"]["bad"]["dependent_outputs"], json!(["a", "c"]));
    let with = |request: &mut Value, targets: Value| {
        request["partial_execution_targets"] = targets;
        judge(request, &probes())
    };
    let verdict = with(&mut request, json!(["a", "bad", 7]));
    assert!(!verdict.is_accepted() && verdict.outputs.is_empty());
    assert_eq!(verdict.node_errors[0].1.dependent_outputs, ["a"]);
    let verdict = with(&mut request, json!(["b"]));
    assert!(verdict.is_accepted() && verdict.node_errors.is_empty());
    assert!(with(&mut request, json!(null)).is_accepted());
    for targets in [json!([]), json!(["good"]), json!(["nobody"])] {
        assert_eq!(with(&mut request, targets).error.unwrap().r#type, "prompt_no_outputs");
    }
    assert_eq!(with(&mut request, json!(5)).error.unwrap().r#type, "invalid_prompt");
}

#[test]
fn what_no_output_depends_on_does_not_matter() {
    let request = json!({
        "good": sampler(json!(1)), "b": preview("good"),
        "lost": sampler(json!(0)), "loop": check("loop"),
        "bare": { "class_type": "ProbeLoader" },
    });
    let verdict = judge(&request, &probes());
    assert!(verdict.is_accepted() && verdict.node_errors.is_empty());
    let unused = verdict.warnings.iter().filter(|warning| warning.code == ErrorCode::UnusedNode);
    assert_eq!(unused.count(), 3);
}

/// Behind a link of the wrong type nothing is checked.
#[test]
fn a_mismatch_ends_the_walk() {
    let request = json!({
        "1": { "class_type": "ProbeLoader", "inputs": {} },
        "2": preview("1"),
    });
    let verdict = judge(&request, &probes());
    let ids: Vec<&str> = verdict.node_errors.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["2"]);
}

#[test]
fn errors_stand_in_the_order_of_declaration() {
    let inputs =
        json!({ "text": "x", "flag": 1, "cfg": 99, "steps": 0, "model": [1], "latent": [] });
    let request = json!({
        "9": preview("3"),
        "3": { "class_type": "ProbeSampler", "inputs": inputs },
    });
    let verdict = judge(&request, &probes());
    let names = verdict.node_errors[0].1.errors.iter().map(|e| &e.extra_info["input_name"]);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["model", "seed", "steps", "cfg", "latent"].iter().collect::<Vec<_>>()
    );
    let lines: Vec<String> = verdict.faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines[2],
        "node 3 (ProbeSampler), input steps: found 0, expected a whole number from 1 to 50 \
         [value_smaller_than_min]"
    );
}

#[test]
fn cycles_are_named_on_each_of_their_nodes() {
    let request = json!({ "1": check("1"), "2": check("3"), "3": check("2"), "4": check("3"),
        "5": preview("4"), "6": preview("1"), "7": preview("8"), "8": sampler(json!(1)) });
    let verdict = judge(&request, &probes());
    assert_eq!((verdict.is_accepted(), &verdict.outputs[..]), (true, &["7".to_owned()][..]));
    let nodes: Vec<_> = verdict
        .node_errors
        .iter()
        .map(|(id, node)| (id.as_str(), node.dependent_outputs.join(","), &node.errors[0].details))
        .collect();
    let path = "image, 2 (ProbeCheck) -> 3 (ProbeCheck) -> 2 (ProbeCheck)".to_owned();
    let own = "image, 1 (ProbeCheck) -> 1 (ProbeCheck)".to_owned();
    assert_eq!(
        nodes,
        [("1", "6".into(), &own), ("2", "5".into(), &path), ("3", "5".into(), &path)]
    );
}

#[test]
fn unknown_classes_are_listed_with_what_was_meant() {
    let request = json!({
        "1": { "class_type": "ProbeLoadr", "inputs": {}, "_meta": { "title": "My L" } },
        "2": { "inputs": {} }, "3": [], "4": { "class_type": 5 }, "5": preview("1"),
    });
    let verdict = judge(&request, &probes());
    let error = verdict.error.as_ref().unwrap();
    assert_eq!(error.message, "Cannot execute because node ProbeLoadr does not exist.");
    let nodes = error.extra_info["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 4);
    assert_eq!((&nodes[0]["node_id"], &nodes[3]["class_type"]), (&json!("1"), &json!(5)));
    assert_eq!(
        (&nodes[0]["node_title"], &nodes[0]["closest"]),
        (&json!("My L"), &json!("ProbeLoader"))
    );
    assert_eq!(
        verdict.faults[0].to_string(),
        "node 1 \"My L\" (ProbeLoadr): found an unknown class, expected one of the 5 of the \
         installation; did you mean ProbeLoader? [missing_node_type]"
    );
    assert!(verdict.node_errors.is_empty());
}

#[test]
fn inputs_that_are_no_object_fail_only_where_they_are_asked() {
    let info = json!({
        "Plain": { "output_node": true },
        "Some": { "input": { "optional": { "x": ["INT"] } }, "output_node": true },
    });
    let info = ObjectInfo::from_value(info).unwrap();
    let accepted = |class: &str, inputs: Value| {
        judge(&json!({ "1": { "class_type": class, "inputs": inputs } }), &info).is_accepted()
    };
    assert!(accepted("Plain", json!(null)) && accepted("Plain", json!(5)));
    assert!(accepted("Some", json!([])) && accepted("Some", json!("y")));
    assert!(!accepted("Some", json!(["x"])) && !accepted("Some", json!("xy")));
    assert!(!accepted("Some", json!(null)) && !accepted("Some", json!(5)));
    assert!(!judge(&json!({ "1": { "class_type": "Plain" } }), &info).is_accepted());
}

#[test]
fn whatever_is_no_request_is_refused_cleanly() {
    let graph = json!({ "5": { "class_type": "PreviewImage", "inputs": { "images": 1 } } });
    for (request, kind) in [
        (json!(null), "invalid_prompt"),
        (json!([graph]), "invalid_prompt"),
        (json!({}), "no_prompt"),
        (json!({ "prompt": null }), "no_prompt"),
        (json!({ "prompt": "x" }), "invalid_prompt"),
        (json!({ "prompt": [] }), "invalid_prompt"),
        (json!({ "prompt": {} }), "prompt_no_outputs"),
        (json!({ "prompt": { "version": 1 } }), "invalid_prompt"),
        (json!({ "prompt": graph, "number": "soon" }), "invalid_prompt"),
        (json!({ "nodes": [], "links": [] }), "invalid_prompt"),
    ] {
        let verdict = judge(&request, &probes());
        assert_eq!(verdict.error.as_ref().map(|error| error.r#type), Some(kind), "{request}");
        assert!(!verdict.faults.is_empty() && verdict.node_errors.is_empty());
    }
    for request in [graph.clone(), json!({ "prompt": graph, "number": "7", "front": 1 })] {
        assert!(judge(&request, &probes()).is_accepted(), "{request}");
    }
}

#[test]
fn warnings_name_what_is_read_otherwise() {
    let mut node = sampler(json!("2"));
    node["inputs"]["cfg"] = json!(2);
    node["inputs"]["flag"] = json!("false");
    node["inputs"]["sed"] = json!(1);
    let verdict = judge(&json!({ "1": node, "2": preview("1") }), &probes());
    let lines: Vec<String> = verdict.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "node 1 (ProbeSampler), input model: found \"x\", expected a link to an AMDM_MODEL \
             output [bad_linked_input]",
            "node 1 (ProbeSampler), input steps: found \"2\", read as 2, expected a whole number \
             from 1 to 50 [converted_value]",
            "node 1 (ProbeSampler), input flag: found \"false\", read as true, expected true or \
             false [converted_value]",
            "node 1 (ProbeSampler), input sed: found an input that ProbeSampler does not have, \
             expected model, seed, steps, cfg, flag, text or latent; did you mean seed? \
             [unknown_input]",
        ]
    );
}

/// A deep chain and a wide fan end in moderate time, without a stack per node.
#[test]
fn large_graphs_are_judged() {
    let mut graph = serde_json::Map::new();
    graph.insert("0".to_owned(), sampler(json!(0)));
    for i in 1..50_000 {
        let inputs = json!({ "image": [(i - 1).to_string(), 0], "n": 11 });
        graph.insert(i.to_string(), json!({ "class_type": "ProbeCheck", "inputs": inputs }));
    }
    for i in 0..2000 {
        graph.insert(format!("out {i}"), preview("49999"));
    }
    let verdict = judge(&Value::Object(graph), &probes());
    assert_eq!(verdict.node_errors.len(), amdm::limits::GRAPH_ERRORS);
    assert_eq!(verdict.node_errors[0].1.dependent_outputs.len(), amdm::limits::GRAPH_ERRORS);
    assert_eq!(verdict.faults.len(), amdm::limits::GRAPH_ERRORS + 1);
}

/// What an editor made of its workflows is accepted without a warning, but for idle nodes.
#[test]
fn recorded_graphs_raise_no_false_alarm() {
    let (folder, info) = (crate::comfy_info::vectors(), crate::comfy_info::recorded());
    let mut judged = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_str().unwrap().ends_with(".api.json") {
            continue;
        }
        let document = Document::parse(&fs::read(&path).unwrap()).unwrap();
        let warnings = comfy::judge(&document, &info).warnings;
        let odd = warnings.iter().find(|warning| warning.code != ErrorCode::UnusedNode);
        assert_eq!(odd, None, "{}", path.display());
        judged += 1;
    }
    assert!(judged > 15, "only {judged} graphs");
}
