//! Our strict judgement as editors read it, and what of a graph runs without the rest.

use crate::cases::catalogue;
use amdm::graph::{
    self, Document, ErrorCode, Limits, Targets, Verdict, validate_partial, validate_targets,
};
use serde_json::{Value, json};

fn document(request: &Value) -> Document {
    Document::from_value(request.clone(), &Limits::default()).unwrap()
}

fn strict(request: &Value) -> Verdict {
    let (document, catalogue) = (document(request), catalogue());
    let targets = Targets::read(&document).unwrap();
    match validate_targets(&document, &catalogue, &targets) {
        Ok(checked) => graph::verdict(&document, &catalogue, Some(&checked), &[]),
        Err(errors) => graph::verdict(&document, &catalogue, None, &errors),
    }
}

fn json(request: &Value) -> Value {
    serde_json::to_value(strict(request)).unwrap()
}

fn load() -> Value {
    json!({ "class_type": "LoadImage", "inputs": { "image": "fox-1.png" } })
}

fn scale(from: &str, width: i64) -> Value {
    let inputs = json!({ "image": [from, 0], "width": width, "height": 64 });
    json!({ "class_type": "ImageScale", "inputs": inputs, "_meta": { "title": "Small" } })
}

fn preview(from: &str) -> Value {
    json!({ "class_type": "PreviewImage", "inputs": { "images": [from, 0] } })
}

#[test]
fn a_valid_graph_has_no_error_and_its_warnings() {
    let verdict = strict(&json!({ "1": load(), "2": preview("1"), "3": load() }));
    assert_eq!((verdict.is_accepted(), &verdict.outputs[..]), (true, &["2".to_owned()][..]));
    let json = serde_json::to_value(verdict).unwrap();
    assert_eq!(json["error"], Value::Null);
    assert_eq!(json["node_errors"], json!({}));
    assert_eq!(json["warnings"][0]["code"], "unused_node");
    assert_eq!(json.as_object().unwrap().len(), 3);
}

#[test]
fn values_are_told_in_the_words_of_editors() {
    let request = json!({ "1": load(), "2": scale("1", -1), "3": preview("2"), "4": preview("1") });
    let json = json(&request);
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(json["error"]["type"], "prompt_outputs_failed_validation");
    let config = &json["node_errors"]["2"]["errors"][0]["extra_info"]["input_config"];
    assert_eq!((&config[0], &config[1]["max"]), (&json!("INT"), &json!(16384)));
    let mut node = json["node_errors"]["2"].clone();
    node["errors"][0]["extra_info"].as_object_mut().unwrap().shift_remove("input_config");
    assert_eq!(
        node,
        json!({
            "errors": [{
                "type": "value_smaller_than_min",
                "message": "Value -1 smaller than min of 0",
                "details": "width, found -1, expected a whole number from 0 to 16384",
                "extra_info": { "input_name": "width", "received_value": -1 },
            }],
            "dependent_outputs": ["3"],
            "class_type": "ImageScale",
        })
    );
}

/// The errors of `inputs` of a class, as editors read them.
fn errors(class: &str, inputs: Value) -> Vec<Value> {
    let request = json!({
        "1": load(),
        "x": { "class_type": class, "inputs": inputs }, "out": preview("1"),
    });
    json(&request)["node_errors"]["x"]["errors"].as_array().cloned().unwrap_or_default()
}

#[test]
fn types_are_those_that_editors_know() {
    let one = |class: &str, inputs: Value| {
        let errors = errors(class, inputs);
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].clone()
    };
    let error = one("LoadImage", json!({ "image": "fox-1.pgn" }));
    assert_eq!(error["type"], "value_not_in_list");
    assert_eq!(error["extra_info"]["closest"], "fox-1.png");
    assert_eq!(error["extra_info"]["input_config"], Value::Null);
    let error = one("SaveImage", json!({}));
    assert_eq!(error["type"], "required_input_missing");
    assert_eq!(error["details"], "images, found nothing, expected a link to an IMAGE output");
    let error = one("SaveImage", json!({ "images": ["1", 1] }));
    assert_eq!(error["type"], "return_type_mismatch");
    assert_eq!(error["extra_info"]["received_type"], "MASK");
    assert_eq!(error["extra_info"]["linked_node"], json!(["1", 1]));
    assert_eq!(error["extra_info"]["closest"], "[\"1\",0]");
    let error = one("SaveImage", json!({ "images": ["1", 0], "filename_prefix": 5 }));
    assert_eq!(error["type"], "invalid_input_type");
    assert_eq!(error["message"], "Failed to convert an input value to a STRING value");
    assert_eq!(error["extra_info"]["received_value"], 5);
    assert!(error["extra_info"]["exception_message"].is_string());
    let error = one("ImageScale", json!({ "image": ["x", 0], "width": 8, "height": 8 }));
    assert_eq!(error["type"], "bad_linked_input");
    assert_eq!(error["extra_info"]["code"], "dependency_cycle");
    let error = one("ImageGrid", json!({ "image_1": ["1", 0], "image_2": "fox" }));
    assert_eq!(error["extra_info"]["input_config"][0], "IMAGE");
    let error = one("PreviewImage", json!({ "images": ["1", 0], "image": 1 }));
    assert_eq!(error["type"], "unknown_input");
    assert_eq!(error["message"], "The class has no input of that name");
}

#[test]
fn classes_that_are_not_there_are_listed() {
    let request = json!({
        "1": { "class_type": "LoadImge", "inputs": {}, "_meta": { "title": "My L" } },
        "2": preview("1"), "3": { "class_type": "Nope", "inputs": {} },
    });
    let json = json(&request);
    let error = &json["error"];
    assert_eq!(
        (&error["type"], &error["details"]),
        (&json!("missing_node_type"), &json!("Node ID '#1'"))
    );
    assert_eq!(
        (&error["extra_info"]["node_title"], &error["extra_info"]["closest"]),
        (&json!("My L"), &json!("LoadImage"))
    );
    assert_eq!(error["extra_info"]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(json["node_errors"]["1"]["dependent_outputs"], json!(["2"]));
    assert_eq!(json["node_errors"]["3"]["errors"][0]["type"], "missing_node_type");
}

#[test]
fn errors_about_the_whole_graph_stand_alone() {
    let json_of = json(&json!({ "1": load() }));
    assert_eq!(json_of["error"]["type"], "prompt_no_outputs");
    assert_eq!(json_of["node_errors"], json!({}));
    let error = Document::parse(b"{\"1\": ").unwrap_err();
    let json = serde_json::to_value(Verdict::unreadable(&[error])).unwrap();
    assert_eq!(json["error"]["type"], "invalid_prompt");
    assert_eq!(
        json["error"]["extra_info"],
        json!({ "code": "invalid_json", "line": 1, "column": 6 })
    );
    assert_eq!(json["node_errors"], json!({}));
}

#[test]
fn only_the_outputs_of_a_request_count() {
    let mut request = json!({ "prompt": {
        "1": load(), "a": preview("1"),
        "bad": scale("1", -1), "b": preview("bad"), "c": { "class_type": "Nope" },
    }});
    assert!(!strict(&request).is_accepted());
    request["partial_execution_targets"] = json!(["a"]);
    let verdict = strict(&request);
    assert_eq!((verdict.is_accepted(), &verdict.outputs[..]), (true, &["a".to_owned()][..]));
    assert!(verdict.warnings.is_empty());
    request["partial_execution_targets"] = json!(["b"]);
    let verdict = strict(&request);
    let ids: Vec<&str> = verdict.node_errors.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["bad"]);
    request["partial_execution_targets"] = json!(["bad", "z"]);
    assert_eq!(strict(&request).error.unwrap().r#type, "prompt_no_outputs");
    request["partial_execution_targets"] = json!("a");
    assert_eq!(Targets::read(&document(&request)).unwrap_err().code, ErrorCode::InvalidPrompt);
}

#[test]
fn sound_outputs_run_without_the_rest() {
    let request = json!({
        "1": load(), "good": scale("1", 64), "a": preview("good"),
        "bad": scale("good", -1), "b": preview("bad"), "c": preview("good"),
        "loop": scale("loop2", 8), "loop2": scale("loop", 8), "d": preview("loop2"),
        "e": { "class_type": "Nope", "inputs": { "x": ["1", 0] } },
    });
    let (document, catalogue) = (document(&request), catalogue());
    let (checked, errors) = validate_partial(&document, &catalogue, &Targets::all()).unwrap();
    let ids: Vec<&str> = checked.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(ids, ["1", "good", "a", "c"]);
    assert_eq!(checked.order.len(), 4);
    assert!(checked.warnings.is_empty());
    let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["value_smaller_than_min", "dependency_cycle", "missing_node_type"]);
    let verdict = graph::verdict(&document, &catalogue, Some(&checked), &errors);
    assert_eq!(
        (verdict.is_accepted(), &verdict.outputs[..]),
        (true, &["a".to_owned(), "c".into()][..])
    );
    let bad = &verdict.node_errors[0];
    assert_eq!((bad.0.as_str(), &bad.1.dependent_outputs[..]), ("bad", &["b".to_owned()][..]));
    let only = |ids: &[&str]| {
        let targets = Targets::of(ids.iter().map(|id| (*id).to_owned()));
        validate_partial(&document, &catalogue, &targets)
    };
    let (checked, errors) = only(&["c"]).unwrap();
    assert_eq!((checked.nodes.len(), errors.len()), (3, 0));
    let (checked, errors) = only(&["b", "c"]).unwrap();
    assert_eq!((checked.nodes.len(), errors.len()), (3, 1));
    assert_eq!(only(&["b", "d"]).unwrap_err().len(), 2);
    assert_eq!(only(&["z"]).unwrap_err()[0].code, ErrorCode::PromptNoOutputs);
}

/// Errors that are too many to be listed keep their outputs from running, too.
#[test]
fn errors_that_are_not_listed_count() {
    let mut graph = serde_json::Map::new();
    graph.insert("0".to_owned(), load());
    for i in 1..=amdm::limits::GRAPH_ERRORS * 2 {
        graph.insert(i.to_string(), scale("0", -1));
        graph.insert(format!("out {i}"), preview(&i.to_string()));
    }
    graph.insert("good".to_owned(), preview("0"));
    let document = document(&Value::Object(graph));
    let (checked, errors) = validate_partial(&document, &catalogue(), &Targets::all()).unwrap();
    let ids: Vec<&str> = checked.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!((&ids[..], errors.len()), (&["0", "good"][..], amdm::limits::GRAPH_ERRORS + 1));
    let verdict = graph::verdict(&document, &catalogue(), None, &errors);
    assert_eq!(verdict.error.unwrap().r#type, "prompt_outputs_failed_validation");
}

/// The README's example is what comes out, but for the input's help.
#[test]
fn the_readme_shows_a_verdict() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let shown = text.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let mut json =
        json(&json!({ "load": load(), "small": scale("load", -1), "show": preview("small") }));
    let extra = &mut json["node_errors"]["small"]["errors"][0]["extra_info"];
    extra["input_config"][1].as_object_mut().unwrap().shift_remove("tooltip");
    assert_eq!(serde_json::from_str::<Value>(shown).unwrap(), json);
}
