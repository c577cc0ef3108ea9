//! Settings written back into saved workflows: converted again, they give the graph that ran.

use super::recorded::read as recorded;
use super::{defining, definition, file, graph, info, inputs, node, with};
use crate::{cases, comfy_info};
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::workflow::{self, Setting, write_back};
use amdm::graph::{Prefer, read, set};
use serde_json::{Value, json};
use std::fs;

fn setting(node: &str, input: &str, value: Value) -> Setting {
    Setting { node: node.into(), input: input.into(), value }
}

fn written(file: &Value, node: &str, input: &str, value: Value) -> Option<Value> {
    write_back(file, &[setting(node, input, value)], &info())
}

/// Another value of the same kind.
fn another(value: &Value) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_f64().unwrap() + 1.0),
        Value::String(text) => json!(format!("{text} changed")),
        Value::Object(_) => json!({ "__value__": ["changed"] }),
        other => panic!("{other}"),
    }
}

fn api(file: &Value, info: &ObjectInfo) -> Value {
    Value::Object(workflow::convert(file, info).unwrap().graph)
}

#[test]
fn every_value_of_the_recorded_workflows_can_be_changed() {
    let info = comfy_info::recorded();
    let names =
        fs::read_dir(comfy_info::vectors()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    let (mut count, mut refused) = (0, Vec::new());
    let files = names.iter().filter(|name| name.ends_with(".ui.json") && !name.starts_with("12_"));
    for name in files {
        let saved = recorded(name);
        let mut expected = api(&saved, &info);
        let mut all = Vec::new();
        for (id, node) in expected.clone().as_object().unwrap() {
            for (input, value) in node["inputs"].as_object().unwrap() {
                if value.is_array() {
                    assert_eq!(write_back(&saved, &[setting(id, input, json!(1))], &info), None);
                    continue;
                }
                let mut graph = api(&saved, &info);
                graph[id]["inputs"][input] = another(value);
                let change = setting(id, input, another(value));
                match write_back(&saved, std::slice::from_ref(&change), &info) {
                    Some(written) => {
                        assert_eq!(api(&written, &info), graph, "{name}, {id}.{input}");
                        expected[id]["inputs"][input] = another(value);
                        all.push(change);
                        count += 1;
                    }
                    None => refused.push(format!("{name}, {id}.{input}")),
                }
            }
        }
        // All at once.
        let written = write_back(&saved, &all, &info).unwrap();
        assert_eq!(api(&written, &info), expected, "{name}");
    }
    assert!(count > 100, "{count}");
    // Another choice has other inputs.
    assert_eq!(refused, ["29_dynamic_combo.ui.json, 50.method"]);
}

#[test]
fn values_go_where_they_came_from() {
    let nodes = vec![
        node(1, "PrimitiveNode", &[], json!([0.4, "fixed"])),
        node(2, "AmdmFloat", &["value:FLOAT=1"], json!([1])),
    ];
    let saved = file(nodes, json!([[1, 1, 0, 2, 0, "FLOAT"]]));
    let changed = written(&saved, "2", "value", json!(0.6)).unwrap();
    assert_eq!(changed["nodes"][0]["widgets_values"], json!([0.6, "fixed"]));
    assert_eq!(changed["nodes"][1], saved["nodes"][1]);
    // Two nodes share it: both or none.
    let mut shared = saved.clone();
    let third = node(3, "AmdmFloat", &["value:FLOAT=2"], json!([1]));
    shared["nodes"].as_array_mut().unwrap().push(third);
    shared["links"].as_array_mut().unwrap().push(json!([2, 1, 0, 3, 0, "FLOAT"]));
    assert_eq!(written(&shared, "2", "value", json!(0.6)), None);
    let both = [setting("2", "value", json!(0.6)), setting("3", "value", json!(0.6))];
    assert!(write_back(&shared, &both, &info()).is_some());
    let two = [setting("2", "value", json!(0.6)), setting("3", "value", json!(0.7))];
    assert_eq!(write_back(&shared, &two, &info()), None);
}

#[test]
fn missing_values_are_filled_in() {
    for values in [json!(["hello"]), json!([]), json!({ "prompt": "object" }), Value::Null] {
        let saved = file(vec![node(1, "AmdmSampler", &[], values)], json!([]));
        let changed = written(&saved, "1", "steps", json!(5)).unwrap();
        let mut expected = inputs(&saved, "1");
        expected["steps"] = json!(5);
        assert_eq!(inputs(&changed, "1"), expected);
        assert_eq!(changed["nodes"][0]["widgets_values"].as_array().unwrap().len(), 7);
        assert_eq!(changed["nodes"][0]["widgets_values"][2], "fixed");
    }
    // Values by name would win where the list is taken to be damaged.
    let names = json!({ "prompt": "named", "steps": 2 });
    for values in [json!(["hello", 42, "increment", 9, 3.5, true, 0.25]), json!(["hello"])] {
        let one = with(node(1, "AmdmSampler", &[], values), "widgets_values_named", names.clone());
        let saved = file(vec![one], json!([]));
        let changed = written(&saved, "1", "steps", json!(5)).unwrap();
        assert_eq!(inputs(&changed, "1")["prompt"], inputs(&saved, "1")["prompt"]);
        assert_eq!(inputs(&changed, "1")["steps"], 5);
        assert_eq!(changed["nodes"][0].get("widgets_values_named"), None);
    }
}

#[test]
fn instances_take_values_of_their_widgets() {
    let inner =
        node(5, "AmdmImageFilter", &["image:IMAGE=1", "amount:FLOAT=3"], json!([0.75, "sharpen"]));
    let links = [[1, -10, 0, 5, 0], [3, -10, 1, 5, 1]];
    let ports = [("image", "IMAGE"), ("amount", "FLOAT")];
    let sub = definition("filter", &ports, &[], vec![inner], &links);
    let saved = |instances: Vec<Value>| defining(file(instances, json!([])), vec![sub.clone()]);
    let one = saved(vec![node(30, "filter", &[], json!([0.2]))]);
    let changed = written(&one, "30:5", "amount", json!(0.3)).unwrap();
    assert_eq!(changed["nodes"][0]["widgets_values"], json!([0.3]));
    assert_eq!(changed["definitions"], one["definitions"]);
    let changed = written(&one, "30:5", "mode", json!("blur")).unwrap();
    assert_eq!(graph(&changed)["30:5"]["inputs"]["mode"], "blur");
    // What is inside, two instances share.
    let two =
        saved(vec![node(30, "filter", &[], json!([0.2])), node(31, "filter", &[], json!([0.2]))]);
    assert_eq!(written(&two, "30:5", "mode", json!("blur")), None);
    let changed = written(&two, "31:5", "amount", json!(0.3)).unwrap();
    assert_eq!(graph(&changed)["30:5"]["inputs"]["amount"], 0.2);
    assert_eq!(graph(&changed)["31:5"]["inputs"]["amount"], 0.3);
}

#[test]
fn a_document_keeps_its_workflow_in_step_or_drops_it() {
    let catalogue = cases::catalogue();
    let info = ObjectInfo::of(&catalogue);
    let bytes = fs::read(cases::folder().join("good-workflow/graph.json")).unwrap();
    let read = || read(&bytes, &info, Prefer::Prompt).unwrap().document;
    let sampler = |document: &amdm::graph::Document| {
        let node = document.nodes().iter().find(|node| node.class() == Some("Sampler"));
        node.unwrap().id().to_owned()
    };
    let mut document = read();
    let (before, id) = (document.workflow().unwrap().clone(), sampler(&document));
    set::apply(&mut document, &catalogue, &format!("{id}.steps=7")).unwrap();
    assert_eq!(document.workflow(), None);
    document.renew_workflow(&info);
    let renewed = document.workflow().unwrap();
    assert_ne!(renewed, &before);
    assert_eq!(api(renewed, &info), document.to_value());
    // File names are filled in when the graph runs, and stay fields in the workflow.
    set::fill_file_names(&mut document, &catalogue);
    assert!(document.workflow().is_some());
    // The value that is there already changes nothing; a link cannot be written.
    let mut document = read();
    let steps = document.to_value()[&id]["inputs"]["steps"].to_string();
    set::apply(&mut document, &catalogue, &format!("{id}.steps={steps}")).unwrap();
    assert_eq!(document.workflow(), Some(&before));
    set::apply(&mut document, &catalogue, &format!("{id}.steps=[\"{id}\",0]")).unwrap();
    document.renew_workflow(&info);
    assert_eq!(document.workflow(), None);
    assert!(document.request()["extra_data"]["extra_pnginfo"].get("workflow").is_none());
}
