//! Files that mean harm end early, and large ones do not take long.

use super::{codes, defining, definition, errors, file, graph, info, node, warnings};
use amdm::graph::workflow::{Setting, write_back};
use amdm::graph::{ErrorCode, workflow};
use amdm::limits;
use serde_json::{Value, json};
use std::time::Instant;

#[test]
fn subgraphs_that_hold_themselves_are_an_error() {
    let nodes = vec![node(1, "a", &[], json!([]))];
    let a = definition("a", &[], &[], vec![node(2, "b", &[], json!([]))], &[]);
    let b = definition("b", &[], &[], vec![node(3, "a", &[], json!([]))], &[]);
    let errors = errors(&defining(file(nodes.clone(), json!([])), vec![a, b]));
    assert_eq!(errors.len(), 1);
    let said = "node 1:2:3 \"Sub a\" (a): found a subgraph inside itself";
    assert!(errors[0].to_string().starts_with(said), "{}", errors[0]);
    let own = definition("a", &[], &[], vec![node(2, "a", &[], json!([]))], &[]);
    assert_eq!(codes(&defining(file(nodes, json!([])), vec![own])), [ErrorCode::RecursiveSubgraph]);
}

/// Subgraphs each of which holds `width` of the next.
fn tower(levels: usize, width: usize) -> Value {
    let level = |at: usize| {
        let nodes = (0..width).map(|i| node(i, &format!("s{}", at + 1), &[], json!([]))).collect();
        definition(&format!("s{at}"), &[], &[], nodes, &[])
    };
    let mut subgraphs: Vec<Value> = (0..levels).map(level).collect();
    subgraphs.push(definition(&format!("s{levels}"), &[], &[], vec![], &[]));
    defining(file(vec![node(1, "s0", &[], json!([]))], json!([])), subgraphs)
}

#[test]
fn towers_of_subgraphs_end_early() {
    let began = Instant::now();
    assert_eq!(codes(&tower(60, 2)), [ErrorCode::LimitExceeded]);
    assert_eq!(codes(&tower(limits::SUBGRAPH_DEPTH + 1, 1)), [ErrorCode::LimitExceeded]);
    assert_eq!(graph(&tower(limits::SUBGRAPH_DEPTH - 2, 1)), json!({}));
    assert!(began.elapsed().as_secs() < 20);
}

#[test]
fn long_texts_in_many_instances_end_early() {
    let text = "x".repeat(100_000);
    let inner = node(1, "Show", &[], json!([text]));
    let nodes = (0..1000).map(|id| node(id, "s", &[], json!([]))).collect();
    let file = defining(file(nodes, json!([])), vec![definition("s", &[], &[], vec![inner], &[])]);
    assert_eq!(codes(&file), [ErrorCode::LimitExceeded]);
}

#[test]
fn malformed_parts_are_errors_or_nothing() {
    assert_eq!(codes(&json!({ "nodes": {} })), [ErrorCode::UnsupportedFormat]);
    assert_eq!(codes(&json!([])), [ErrorCode::UnsupportedFormat]);
    let nodes = json!([null, 7, {}, { "id": 1 }, { "type": "Note" }, { "id": [], "type": "Note" }]);
    assert_eq!(codes(&json!({ "nodes": nodes })), [ErrorCode::InvalidPrompt; 6]);
    let twice = vec![node(1, "AmdmFloat", &[], json!([1])), node("1", "Note", &[], json!([]))];
    assert_eq!(codes(&file(twice, json!([]))), [ErrorCode::InvalidPrompt]);
    let colliding = vec![node("30:1", "AmdmFloat", &[], json!([1])), node(30, "s", &[], json!([]))];
    let inner = vec![node(1, "AmdmFloat", &[], json!([1]))];
    let file = defining(file(colliding, json!([])), vec![definition("s", &[], &[], inner, &[])]);
    assert_eq!(codes(&file), [ErrorCode::InvalidPrompt]);
    let odd = json!({ "nodes": [{ "id": 1, "type": "AmdmFloat", "inputs": 7, "outputs": null,
        "mode": "x", "title": 3, "properties": [], "widgets_values": "text" }], "links": {},
        "definitions": { "subgraphs": [1, null, { "id": 7 }] }, "extra": [] });
    assert_eq!(graph(&odd)["1"]["inputs"], json!({ "value": 1.0 }));
}

#[test]
fn changed_files_never_panic() {
    let info = info();
    let text = std::fs::read_to_string(
        crate::comfy_info::vectors().join("27_subgraph_promoted_widget_linked.ui.json"),
    );
    let whole: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let mut paths = Vec::new();
    collect(&whole, String::new(), &mut paths);
    assert!(paths.len() > 250);
    for path in paths {
        for other in [json!(null), json!(-1), json!("5"), json!([]), json!({}), json!(1e300)] {
            let mut changed = whole.clone();
            *changed.pointer_mut(&path).unwrap() = other;
            let _ = workflow::convert(&changed, &info);
        }
    }
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    paths.push(path.clone());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, v)| collect(v, format!("{path}/{at}"), paths));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, v)| collect(v, format!("{path}/{key}"), paths));
        }
        _ => {}
    }
}

#[test]
fn long_names_are_cut_and_many_unknown_types_take_little_time() {
    let long = "x".repeat(1_000_000);
    let inner = vec![node(1, &long, &[], json!([]))];
    let nodes = (0..2000).map(|id| node(id, "s", &[], json!([]))).collect();
    let found =
        errors(&defining(file(nodes, json!([])), vec![definition("s", &[], &[], inner, &[])]));
    assert_eq!(found.len(), limits::GRAPH_ERRORS + 1);
    assert_eq!(found[0].class.as_ref().unwrap().len(), limits::GRAPH_NAME_BYTES);
    let began = Instant::now();
    let unknown = (0..20_000).map(|id| node(id, &format!("AmdmSample{id}"), &[], json!([])));
    assert_eq!(errors(&file(unknown.collect(), json!([]))).len(), limits::GRAPH_ERRORS + 1);
    assert!(began.elapsed().as_secs() < 10);
}

/// 10,000 nodes and 100,000 links, half of them at the end of one long chain of reroutes.
#[test]
fn large_files_take_little_time() {
    let (mut nodes, mut links) = (Vec::new(), Vec::new());
    let mut link = |origin: usize, target: usize| {
        links.push(json!([links.len(), origin, 0, target, 0, "IMAGE"]));
        links.len() - 1
    };
    nodes.push(node(0, "LoadImage", &[], json!(["b.png", "image"])));
    for id in 1..5000 {
        let from = link(id - 1, id);
        nodes.push(node(id, "Reroute", &[&format!(":*={from}")], Value::Null));
    }
    for id in 5000..10_000 {
        let inputs: Vec<String> =
            (0..19).map(|i| format!("imgs.img_{i}:IMAGE={}", link(id - 5000, id))).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        nodes.push(node(id, "AmdmAuto", &inputs, json!([])));
    }
    let file = file(nodes, Value::Array(links));
    let (info, began) = (info(), Instant::now());
    let graph = workflow::convert(&file, &info).unwrap().graph;
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(graph["9999"]["inputs"]["imgs.img_18"], json!(["0", 0]));
    assert!(seconds < 5.0, "{seconds} s");
}

/// Each instance would look at all outputs of its subgraph, and each setting at all values.
#[test]
fn outputs_of_many_instances_and_values_of_many_settings_take_bounded_work() {
    let rows: Vec<Value> = (0..20_000)
        .map(|at| {
            json!({ "id": at, "origin_id": 77, "origin_slot": 0, "target_id": -20,
            "target_slot": at })
        })
        .collect();
    let sub = json!({ "id": "sub", "name": "Sub", "nodes": [], "links": rows });
    let instances = (0..20_000).map(|id| json!({ "id": id, "type": "sub" })).collect();
    let saved = defining(file(instances, json!([])), vec![sub]);
    let said = warnings(&saved);
    assert_eq!(said.len(), limits::GRAPH_ERRORS + 1);
    assert!(said[limits::GRAPH_ERRORS].starts_with("found 19000 more warnings"), "{said:?}");
    let inputs: Value = (0..5_000)
        .map(|at| (format!("i{at}"), json!(["INT", { "default": 1 }])))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let info = json!({ "Many": { "input": { "required": inputs } } });
    let info = amdm::graph::comfy::ObjectInfo::from_value(info).unwrap();
    let settings: Vec<Setting> = (0..5_000)
        .map(|at| Setting { node: "1".into(), input: format!("i{at}"), value: json!(at) })
        .collect();
    for values in [json!([]), (0..5_000).map(|_| json!(1)).collect()] {
        let saved = file(vec![node(1, "Many", &[], values)], json!([]));
        let changed = write_back(&saved, &settings, &info).unwrap();
        assert_eq!(changed["nodes"][0]["widgets_values"][4_999], 4_999);
    }
}
