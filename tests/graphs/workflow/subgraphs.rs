//! Subgraphs: borders, nesting, modes, ids.

use super::{defining, definition, errors, file, graph, inputs, node, with};
use amdm::graph::ErrorCode;
use serde_json::{Value, json};

/// A filter as a subgraph: a picture and an amount in, a picture out.
fn filter() -> Value {
    let inner =
        node(5, "AmdmImageFilter", &["image:IMAGE=1", "amount:FLOAT=3"], json!([0.75, "sharpen"]));
    let ports = [("image", "IMAGE"), ("amount", "FLOAT")];
    let links = [[1, -10, 0, 5, 0], [3, -10, 1, 5, 1], [2, 5, 0, -20, 0]];
    definition("filter", &ports, &[("IMAGE", "IMAGE")], vec![inner], &links)
}

/// The filter in another subgraph, whose inputs stand the other way round.
fn outer() -> Value {
    let inner = node(40, "filter", &["image:IMAGE=1", "amount:FLOAT=2"], json!([0.3]));
    let ports = [("how", "FLOAT"), ("what", "IMAGE")];
    let links = [[1, -10, 1, 40, 0], [2, -10, 0, 40, 1], [3, 40, 0, -20, 0]];
    definition("outer", &ports, &[("out", "IMAGE")], vec![inner], &links)
}

/// A picture through an instance of `class` to a node that shows it.
fn around(instance: Value) -> Value {
    let nodes = vec![
        node(1, "LoadImage", &[], json!(["b.png", "image"])),
        node(2, "AmdmFloat", &[], json!([1])),
        instance,
        node(3, "Show", &["image:IMAGE=3"], json!(["own"])),
    ];
    let links =
        json!([[1, 1, 0, 30, 0, "IMAGE"], [2, 2, 0, 30, 1, "FLOAT"], [3, 30, 0, 3, 0, "IMAGE"]]);
    defining(file(nodes, links), vec![outer(), filter()])
}

#[test]
fn an_instances_value_overrides_the_inner_one() {
    let file = around(node(30, "filter", &["image:IMAGE=1"], json!([0.2])));
    let expected = json!({ "amount": 0.2, "mode": "sharpen", "image": ["1", 0] });
    assert_eq!(inputs(&file, "30:5"), expected);
    assert_eq!(inputs(&file, "3")["image"], json!(["30:5", 0]));
    let file = around(node(30, "filter", &["image:IMAGE=1"], json!([])));
    assert_eq!(inputs(&file, "30:5")["amount"], json!(0.75));
    let file = around(node(30, "filter", &["amount:FLOAT=2", "image:IMAGE=1"], json!([0.2])));
    assert_eq!(inputs(&file, "30:5")["amount"], json!(["2", 0]));
}

#[test]
fn a_muted_origin_outside_leaves_the_inner_nodes_value() {
    let mut file = around(node(30, "filter", &["image:IMAGE=1", "amount:FLOAT=2"], json!([0.2])));
    file["nodes"][1]["mode"] = json!(2);
    assert_eq!(inputs(&file, "30:5")["amount"], json!(0.75));
}

#[test]
fn nested_subgraphs_have_ids_of_all_levels() {
    let file = around(node(30, "outer", &["what:IMAGE=1"], json!([0.1])));
    let ids: Vec<String> = graph(&file).as_object().unwrap().keys().cloned().collect();
    assert_eq!(ids, ["1", "2", "3", "30:40:5"]);
    // The outermost value counts; without it that of the instance inside, then the widget's.
    let amount = |values: Value| {
        inputs(&around(node(30, "outer", &["what:IMAGE=1"], values)), "30:40:5")["amount"].clone()
    };
    assert_eq!(amount(json!([0.1])), json!(0.1));
    assert_eq!(amount(json!([])), json!(0.3));
    assert_eq!(inputs(&file, "30:40:5")["image"], json!(["1", 0]));
    assert_eq!(inputs(&file, "3")["image"], json!(["30:40:5", 0]));
    let linked = around(node(30, "outer", &["what:IMAGE=1", "how:FLOAT=2"], json!([0.1])));
    assert_eq!(inputs(&linked, "30:40:5")["amount"], json!(["2", 0]));
}

#[test]
fn bypassed_instances_pass_through() {
    let instance = with(node(30, "filter", &["image:IMAGE=1"], json!([0.2])), "mode", json!(4));
    let file = around(instance);
    assert_eq!(inputs(&file, "3")["image"], json!(["1", 0]));
    assert_eq!(graph(&file).as_object().unwrap().len(), 3);
    // Its definition's first input is a number, which is not wanted; the picture's is.
    let instance = with(node(30, "outer", &["what:IMAGE=1"], json!([])), "mode", json!(4));
    assert_eq!(inputs(&around(instance), "3")["image"], json!(["1", 0]));
}

#[test]
fn muted_instances_are_gone() {
    let instance = with(node(30, "outer", &["what:IMAGE=1"], json!([])), "mode", json!(2));
    let file = around(instance);
    assert_eq!(inputs(&file, "3"), json!({ "text": "own" }));
    assert_eq!(graph(&file).as_object().unwrap().len(), 3);
}

#[test]
fn modes_inside_count_as_outside() {
    let mut file = around(node(30, "filter", &["image:IMAGE=1"], json!([])));
    file["definitions"]["subgraphs"][1]["nodes"][0]["mode"] = json!(4);
    assert_eq!(inputs(&file, "3")["image"], json!(["1", 0]));
    file["definitions"]["subgraphs"][1]["nodes"][0]["mode"] = json!(2);
    assert_eq!(inputs(&file, "3"), json!({ "text": "own" }));
}

#[test]
fn two_instances_have_values_of_their_own() {
    let mut file = around(node(30, "filter", &["image:IMAGE=1"], json!([0.2])));
    let second = node(31, "filter", &["image:IMAGE=1"], json!([0.4]));
    file["nodes"].as_array_mut().unwrap().push(second);
    assert_eq!(inputs(&file, "30:5")["amount"], json!(0.2));
    assert_eq!(inputs(&file, "31:5")["amount"], json!(0.4));
}

#[test]
fn a_primitive_outside_gives_its_value_to_the_widget_inside() {
    let mut file = around(node(30, "filter", &["image:IMAGE=1", "amount:FLOAT=2"], json!([0.2])));
    file["nodes"][1] = node(2, "PrimitiveNode", &[], json!([0.9, "fixed"]));
    assert_eq!(inputs(&file, "30:5")["amount"], json!(0.9));
}

#[test]
fn unknown_types_inside_are_named_with_their_whole_id() {
    let mut file = around(node(30, "outer", &["what:IMAGE=1"], json!([])));
    file["definitions"]["subgraphs"][1]["nodes"][0]["type"] = json!("Nothing");
    let errors = errors(&file);
    assert_eq!(errors[0].code, ErrorCode::MissingNodeType);
    assert_eq!(errors[0].node.as_deref(), Some("30:40:5"));
    file["nodes"][2]["mode"] = json!(2);
    assert_eq!(graph(&file).as_object().unwrap().len(), 3);
}
