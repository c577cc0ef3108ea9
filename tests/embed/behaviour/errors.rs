//! What goes wrong says so in the same words: of graphs that are not valid, and of runs.

use serde_json::{Value, json};

use super::scene::{copy, graph, with};
use super::{Job, Part, agreed, faces, having, own};

#[test]
fn the_same_is_wrong_with_a_graph() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = faces(inputs.path());
    let mut linked = graph();
    linked["save"]["inputs"]["images"] = json!(["sample", 0]);
    let mut unknown = graph();
    unknown["save"]["class_type"] = json!("SaveImages");
    let mut missing = graph();
    missing["sample"]["inputs"].as_object_mut().unwrap().remove("lanes");
    let graphs = [
        (graph(), None),
        (linked, Some("return_type_mismatch")),
        (unknown, Some("")),
        (missing, Some("required_input_missing")),
        (with("sample", "steps", json!(0)), Some("value_smaller_than_min")),
        (with("merge", "method", json!("nobody")), Some("value_not_in_list")),
    ];
    for (graph, code) in &graphs {
        let said = faces.iter().map(|face| (face.name(), face.verdict(graph)));
        let mut said = said.collect::<Vec<_>>();
        for (_, verdict) in &mut said {
            // It counts the classes, of which faces bring their own.
            if let Some(unknown) = verdict.pointer_mut("/node_errors/save/errors/0")
                && unknown["type"] == "missing_node_type"
            {
                unknown["details"] = Value::Null;
            }
        }
        for (name, verdict) in &said {
            assert_eq!(verdict, &said[0].1, "{name}");
        }
        let first = &said[0].1;
        assert_eq!(first["error"].is_null(), code.is_none(), "{first}");
        let codes = first["node_errors"].as_object().into_iter().flat_map(|nodes| nodes.values());
        let codes = codes.flat_map(|node| node["errors"].as_array().unwrap().clone());
        let codes = codes.map(|error| error["type"].clone()).collect::<Vec<Value>>();
        if let Some(code) = code.filter(|code| !code.is_empty()) {
            assert!(codes.contains(&json!(code)), "{first}");
        }
    }
}

#[test]
fn the_same_ends_a_run() {
    let inputs = tempfile::tempdir().unwrap();
    std::fs::write(inputs.path().join("in.png"), b"no picture").unwrap();
    let faces = faces(inputs.path());
    let ran = agreed(&faces, &Job::new(&copy()));
    let failure = ran.failure.unwrap();
    assert_eq!(failure["node"]["id"], "load", "{failure}");
    let mut outside = graph();
    outside["save"]["inputs"]["filename_prefix"] = json!("../outside");
    let failure = agreed(&faces, &Job::new(&outside)).failure.unwrap();
    assert_eq!((&failure["code"], &failure["node"]["id"]), (&json!("denied"), &json!("save")));
    // Lanes whose models do not fit a condition.
    let mut foreign = graph();
    foreign["first"]["inputs"]["positive"] = json!(["where", 0]);
    let failure = agreed(&faces, &Job::new(&foreign)).failure.unwrap();
    assert_eq!(failure["code"], "invalid_input");
}

#[test]
fn an_own_node_fails_in_its_own_words() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::Nodes, faces(inputs.path()));
    let mut graph = graph();
    graph["turn"] = json!({"class_type": "test.own.Turn",
                           "inputs": {"image": ["decode", 0], "amount": own::REFUSED}});
    graph["save"]["inputs"]["images"] = json!(["turn", 0]);
    let failure = agreed(&faces, &Job::new(&graph)).failure.unwrap();
    assert_eq!(failure["code"], "invalid_input");
    assert_eq!(failure["node"], json!({"id": "turn", "class": "test.own.Turn"}));
    assert_eq!((&failure["input"], &failure["message"]), (&json!("amount"), &json!(own::REFUSAL)));
    graph["turn"]["inputs"]["amount"] = json!(7);
    let said = faces.iter().map(|face| face.verdict(&graph)).collect::<Vec<_>>();
    assert!(said.iter().all(|verdict| *verdict == said[0]));
    assert_eq!(said[0]["node_errors"]["turn"]["errors"][0]["type"], "value_bigger_than_max");
}

#[test]
fn an_own_operator_refuses_before_any_network_runs() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::Nodes, faces(inputs.path()));
    let mut graph = with("sample", "policy", json!(["nudge", 0]));
    graph["nudge"] = json!({"class_type": "test.own.Nudge", "inputs": {}});
    graph["third"] = json!({"class_type": "Lane", "inputs": {
        "model": ["layout", 0], "positive": ["where", 0], "lanes": ["lanes", 0]}});
    graph["sample"]["inputs"]["lanes"] = json!(["third", 0]);
    let ran = agreed(&faces, &Job::new(&graph));
    let failure = ran.failure.unwrap();
    assert_eq!(failure["message"], own::THREE_LANES);
    assert!(ran.events.iter().all(|event| event["event"] != "progress"), "{:?}", ran.events);
}
