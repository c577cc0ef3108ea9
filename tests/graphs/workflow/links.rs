//! What links lead to: both forms of them, reroutes, primitives, muted nodes.

use super::{codes, defining, definition, errors, file, graph, inputs, node, warnings, with};
use amdm::graph::ErrorCode;
use serde_json::{Value, json};

#[test]
fn schema_1_writes_links_as_objects() {
    let nodes = vec![
        node(1, "AmdmFloat", &[], json!([0.5])),
        node(2, "Forced", &["value:FLOAT=7"], json!([])),
    ];
    let link = json!({ "id": 7, "origin_id": 1, "origin_slot": 0, "target_id": 2, "target_slot": 0,
        "type": "FLOAT", "parentId": 3 });
    let file = json!({ "version": 1, "state": { "lastNodeId": 2 }, "nodes": nodes,
        "links": [null, "x", [1], link], "reroutes": [{ "id": 3, "linkIds": [7], "pos": [0, 0] }] });
    assert_eq!(inputs(&file, "2"), json!({ "value": ["1", 0] }));
}

#[test]
fn native_reroutes_leave_links_as_they_are() {
    let nodes = vec![
        node(1, "AmdmFloat", &[], json!([0.5])),
        node(2, "Forced", &["value:FLOAT=7"], json!([])),
    ];
    let mut file = file(nodes, json!([[7, 1, 0, 2, 0, "FLOAT"]]));
    file["extra"] = json!({ "reroutes": [{ "id": 1, "pos": [1, 2], "linkIds": [7] },
        { "id": 2, "parentId": 1, "pos": [1, 2], "linkIds": [7] }],
        "linkExtensions": [{ "id": 7, "parentId": 2 }] });
    assert_eq!(inputs(&file, "2"), json!({ "value": ["1", 0] }));
}

#[test]
fn ids_may_be_texts() {
    let nodes = vec![
        node("load", "AmdmFloat", &[], json!([0.5])),
        node("10", "Forced", &[r#"value:FLOAT="l""#], json!([])),
        node(2.0, "Forced", &["value:FLOAT=2"], json!([])),
    ];
    let links = json!([["l", "load", 0, "10", 0, "FLOAT"], ["2", "load", "0", 2, 0, "FLOAT"]]);
    let graph = graph(&file(nodes, links));
    let ids: Vec<&String> = graph.as_object().unwrap().keys().collect();
    assert_eq!(ids, ["2", "10", "load"]);
    assert_eq!(graph["10"]["inputs"]["value"], json!(["load", 0]));
    assert_eq!(graph["2"]["inputs"]["value"], json!(["load", 0]));
}

#[test]
fn a_link_to_a_widget_takes_its_place() {
    let nodes = vec![
        node(1, "AmdmFloat", &[], json!([0.5])),
        node(2, "AmdmImageFilter", &["amount:FLOAT=1"], json!([0.1, "blur"])),
    ];
    let inputs = inputs(&file(nodes, json!([[1, 1, 0, 2, 9, "FLOAT"]])), "2");
    assert_eq!(inputs, json!({ "amount": ["1", 0], "mode": "blur" }));
}

#[test]
fn sockets_that_grow_are_taken_from_the_file() {
    let nodes = vec![
        node(1, "LoadImage", &[], json!(["b.png", "image"])),
        node(
            2,
            "AmdmAuto",
            &["imgs.img_0:IMAGE=1", "imgs.img_1:IMAGE=2", "imgs.img_2:IMAGE"],
            json!([]),
        ),
    ];
    let inputs =
        inputs(&file(nodes, json!([[1, 1, 0, 2, 0, "IMAGE"], [2, 1, 0, 2, 1, "IMAGE"]])), "2");
    assert_eq!(inputs, json!({ "imgs.img_0": ["1", 0], "imgs.img_1": ["1", 0] }));
}

/// A primitive and what it is linked to through a reroute.
fn primitive(mode: u64, values: Value) -> Value {
    let nodes = vec![
        with(node(4, "PrimitiveNode", &[], values), "mode", json!(mode)),
        node(5, "Reroute", &[":*=1"], Value::Null),
        node(2, "AmdmFloat", &["value:FLOAT=2"], json!([0.5])),
        node(3, "Forced", &["value:FLOAT=3"], json!([])),
    ];
    file(nodes, json!([[1, 4, 0, 5, 0, "*"], [2, 5, 0, 2, 0, "*"], [3, 4, 0, 3, 0, "FLOAT"]]))
}

#[test]
fn primitives_give_their_value_to_widgets_whatever_their_mode() {
    for mode in [0, 2, 4] {
        let file = primitive(mode, json!([0.25, "fixed"]));
        assert_eq!(inputs(&file, "2"), json!({ "value": 0.25 }));
        assert_eq!(inputs(&file, "3"), json!({}));
        assert_eq!(graph(&file).as_object().unwrap().len(), 2);
    }
    assert_eq!(inputs(&primitive(0, json!([])), "2"), json!({ "value": 0.5 }));
    assert_eq!(
        inputs(&primitive(0, json!([[1, 2]])), "2"),
        json!({ "value": { "__value__": [1, 2] } })
    );
}

#[test]
fn muted_origins_leave_widgets_their_own_value() {
    let nodes = vec![
        with(node(1, "AmdmFloat", &[], json!([9.0])), "mode", json!(2)),
        node(2, "AmdmFloat", &["value:FLOAT=1"], json!([0.5])),
        node(3, "Forced", &["value:FLOAT=2"], json!([])),
        with(node(4, "Reroute", &[":*=3"], Value::Null), "mode", json!(2)),
        node(5, "Forced", &["value:FLOAT=4"], json!([])),
    ];
    let links = json!([
        [1, 1, 0, 2, 0, "FLOAT"],
        [2, 1, 0, 3, 0, "FLOAT"],
        [3, 2, 0, 4, 0, "*"],
        [4, 4, 0, 5, 0, "FLOAT"]
    ]);
    let file = file(nodes, links);
    assert_eq!(inputs(&file, "2"), json!({ "value": 0.5 }));
    assert_eq!(inputs(&file, "3"), json!({}));
    assert_eq!(inputs(&file, "5"), json!({}));
    let open = |id: u8| {
        format!(
            "node {id} \"The Forced\" (Forced), input value: found nothing, expected a link to \
            an output of type FLOAT [required_input_missing]"
        )
    };
    assert_eq!(warnings(&file), [open(3), open(5)]);
}

#[test]
fn links_that_are_not_there_are_told() {
    let nodes = vec![
        node(1, "AmdmFloat", &["value:FLOAT=9"], json!([0.5])),
        node(2, "Forced", &["value:FLOAT=1"], json!([])),
    ];
    let file = file(nodes, json!([[1, 77, 0, 2, 0, "FLOAT"]]));
    assert_eq!(inputs(&file, "1"), json!({ "value": 0.5 }));
    assert_eq!(inputs(&file, "2"), json!({}));
    let said = warnings(&file);
    assert!(said[0].contains("input value: found a link that is not in the file"), "{said:?}");
}

#[test]
fn reroutes_in_a_circle_are_an_error() {
    let nodes = vec![
        node(1, "Reroute", &[":*=2"], Value::Null),
        node(2, "Reroute", &[":*=1"], Value::Null),
        node(3, "Forced", &["value:FLOAT=3"], json!([])),
        node(4, "Forced", &["value:FLOAT=4"], json!([])),
        node(5, "Reroute", &[":*=5"], Value::Null),
        node(6, "Forced", &["value:FLOAT=6"], json!([])),
    ];
    let links = json!([
        [1, 1, 0, 2, 0, "*"],
        [2, 2, 0, 1, 0, "*"],
        [3, 2, 0, 3, 0, "*"],
        [4, 1, 0, 4, 0, "*"],
        [5, 5, 0, 5, 0, "*"],
        [6, 5, 0, 6, 0, "*"]
    ]);
    assert_eq!(codes(&file(nodes, links)), [ErrorCode::DependencyCycle; 3]);
}

#[test]
fn nodes_of_extensions_are_named() {
    let nodes = vec![
        node(1, "GetNode", &[], json!(["model"])),
        node(2, "Forced", &["value:FLOAT=1"], json!([])),
        with(node(3, "SetNode", &[], json!([])), "mode", json!(2)),
    ];
    let file_of = |nodes| file(nodes, json!([[1, 1, 0, 2, 0, "FLOAT"]]));
    let error = &errors(&file_of(nodes))[0];
    assert_eq!((error.code, error.node.as_deref()), (ErrorCode::VirtualNode, Some("1")));
    let nodes = vec![
        node(1, "Label (rgthree)", &[], json!([])),
        node(2, "AmdmFloat", &["value:FLOAT=1"], json!([0.5])),
    ];
    let file = file_of(nodes);
    // A link to a node that is not written is dropped, and the widget's value with it.
    assert_eq!(
        graph(&file),
        json!({ "2": { "inputs": {}, "class_type": "AmdmFloat",
        "_meta": { "title": "AMDM Float" } } })
    );
    assert!(warnings(&file)[0].contains("it is left out [virtual_node]"));
}

#[test]
fn links_from_nowhere_are_told() {
    let inner = node(5, "Reroute", &[":*=1"], Value::Null);
    let sub = definition(
        "sub",
        &[("a", "*")],
        &[("o", "*")],
        vec![inner],
        &[[1, -10, 3, 5, 0], [2, 77, 0, -20, 0]],
    );
    let nodes = vec![
        node(1, "LoadImage", &[], json!(["b.png", "image"])),
        node(2, "Show", &["image:IMAGE=1"], json!(["t"])),
        node(3, "Show", &["image:IMAGE=2"], json!(["t"])),
        node(4, "Reroute", &[":*=3"], Value::Null),
        node(6, "Show", &["image:IMAGE=4"], json!(["t"])),
        node(30, "sub", &["a:*=5"], Value::Null),
    ];
    let links = json!([
        [1, 99, 0, 2, 0, "IMAGE"],
        [2, 1, 7, 3, 0, "IMAGE"],
        [3, 98, 0, 4, 0, "*"],
        [4, 4, 0, 6, 0, "IMAGE"],
        [5, 1, 0, 30, 0, "*"]
    ]);
    let said = warnings(&defining(file(nodes, links), vec![sub]));
    for (place, found) in [
        (
            "node 2 \"The Show\" (Show), input image",
            "a link from node 99, expected a node of the file",
        ),
        (
            "node 3 \"The Show\" (Show), input image",
            "a link from output 7 of node 1, which has 2, expected",
        ),
        ("node 4 (Reroute), input \"\"", "a link from node 98, expected"),
        ("node 30:5 (Reroute), input \"\"", "a link from input 3 of the subgraph, expected"),
        ("node 30 (sub)", "a link from node 77 to output 0 of the subgraph, expected"),
    ] {
        let line = format!("{place}: found {found}");
        let told = said.iter().filter(|text| text.starts_with(&line));
        assert!(told.clone().count() == 1, "{line}: {said:#?}");
        assert!(told.clone().all(|text| text.ends_with("[bad_linked_input]")));
    }
}

#[test]
fn group_nodes_have_their_own_words() {
    for class in ["workflow>Two of them", "workflow/Two of them"] {
        let errors = errors(&file(vec![node(1, class, &[], Value::Null)], json!([])));
        let line =
            format!("node 1 ({class:?}): found a group node, {class:?}, expected a subgraph");
        assert!(errors[0].to_string().starts_with(&line), "{}", errors[0]);
        assert_eq!(errors[0].code, ErrorCode::VirtualNode);
    }
}
