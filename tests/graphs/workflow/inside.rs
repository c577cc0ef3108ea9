//! Values that an instance gives to widgets inside by a list of them (`proxyWidgets`).

use super::{defining, definition, file, inputs, node, warnings, with};
use serde_json::{Value, json};

fn leaf() -> Value {
    let nodes = vec![
        node(5, "AmdmFloat", &["value:FLOAT=2"], json!([0.5])),
        node(6, "AmdmFloat", &["value:FLOAT=1"], json!([0.6])),
        node(7, "PrimitiveNode", &[], json!([0.7, "fixed"])),
        node(8, "Nested", &[], json!(["a", "p", 1])),
    ];
    let links = [[1, 7, 0, 6, 0], [2, -10, 0, 5, 0]];
    definition("leaf", &[("amount", "FLOAT")], &[], nodes, &links)
}

fn branch(proxies: Value, values: Value) -> Value {
    let inner =
        with(node(20, "leaf", &[], values), "properties", json!({ "proxyWidgets": proxies }));
    definition("branch", &[], &[], vec![inner], &[])
}

/// A file with an instance of `class` and its list.
fn listed(class: &str, proxies: Value, values: Value, branch: Value) -> Value {
    let instance = node(30, class, &[], values);
    let instance = with(instance, "properties", json!({ "proxyWidgets": proxies }));
    defining(file(vec![instance], json!([])), vec![leaf(), branch])
}

fn in_leaf(proxies: Value, values: Value) -> Value {
    listed("leaf", proxies, values, branch(json!([]), json!([])))
}

#[test]
fn values_belong_to_the_entries_of_the_list() {
    let proxies = json!([
        ["8", "after"],
        ["7", "value"],
        ["5", "$$preview"],
        [8, "mode"],
        ["5", "control_after_generate"],
        ["-1", "amount"],
        ["5", "value"]
    ]);
    let file = in_leaf(proxies.clone(), json!([9, 0.77, "image", "b", "fixed", 0.11]));
    assert_eq!(inputs(&file, "30:5"), json!({ "value": 0.11 }));
    assert_eq!(inputs(&file, "30:6"), json!({ "value": 0.77 }));
    // The option's own widgets went with it.
    assert_eq!(inputs(&file, "30:8"), json!({ "mode": "b", "after": 9 }));
    let text = in_leaf(Value::from(proxies.to_string()), json!([9]));
    assert_eq!(inputs(&text, "30:8"), json!({ "mode": "a", "mode.sub": "p", "after": 9 }));
    assert_eq!(inputs(&text, "30:5"), json!({ "value": 0.5 }));
    assert_eq!(inputs(&text, "30:6"), json!({ "value": 0.7 }));
}

#[test]
fn widgets_of_another_choice_are_given_with_the_choice() {
    let proxies = json!([["8", "mode.sub.x"], ["8", "mode.sub"], ["8", "after"]]);
    let file = in_leaf(proxies.clone(), json!([8, "q", 2]));
    let whole = json!({ "mode": "a", "mode.sub": "q", "mode.sub.x": 8, "after": 2 });
    assert_eq!((inputs(&file, "30:8"), warnings(&file)), (whole, vec![]));
    // Without that choice there is no such widget.
    let file = in_leaf(proxies, json!([8, "p", 2]));
    assert_eq!(inputs(&file, "30:8"), json!({ "mode": "a", "mode.sub": "p", "after": 2 }));
    let file = in_leaf(json!([["8", "mode.sub.y"]]), json!([8]));
    assert!(warnings(&file)[0].contains("a widget that is not in the subgraph"));
}

#[test]
fn without_entries_values_belong_to_promoted_inputs() {
    assert_eq!(inputs(&in_leaf(json!([]), json!([0.4])), "30:5"), json!({ "value": 0.4 }));
}

#[test]
fn entries_that_lead_nowhere_are_told() {
    let proxies = json!([["99", "value"], ["5", "colour"], ["-1", "nothing"], 7]);
    let file = in_leaf(proxies, json!([1, 2, 3, 4]));
    let said = warnings(&file);
    for widget in ["99.value", "5.colour", "nothing"] {
        let place = format!("node 30 (leaf), input {widget}: found a value for a widget");
        assert!(said.iter().any(|text| text.starts_with(&place)), "{said:?}");
    }
    assert_eq!(said.len(), 3);
    assert_eq!(inputs(&file, "30:5"), json!({ "value": 0.5 }));
}

#[test]
fn widgets_of_instances_inside_are_found_by_name_and_owner() {
    let own = json!([["5", "value"], ["7", "value"], ["8", "after"]]);
    let branch = |values: Value| branch(own.clone(), values);
    let outer = json!([["20", "value", "7"], ["20", "after"]]);
    let file = listed("branch", outer.clone(), json!([0.71, 8]), branch(json!([0.51, 0.72, 9])));
    assert_eq!(inputs(&file, "30:20:5"), json!({ "value": 0.51 }));
    assert_eq!(inputs(&file, "30:20:6"), json!({ "value": 0.71 }));
    assert_eq!(inputs(&file, "30:20:8")["after"], json!(8));
    let file = listed("branch", outer, json!([0.71]), branch(json!([0.51, 0.72, 9])));
    assert_eq!(inputs(&file, "30:20:8")["after"], json!(9));
    // An instance that promotes by inputs answers to their names.
    let promoting = definition("branch", &[], &[], vec![node(20, "leaf", &[], json!([0.2]))], &[]);
    let file = listed("branch", json!([["20", "amount"]]), json!([0.3]), promoting.clone());
    assert_eq!(inputs(&file, "30:20:5"), json!({ "value": 0.3 }));
    let file = listed("branch", json!([["20", "value", "5"]]), json!([0.31]), promoting);
    assert_eq!(inputs(&file, "30:20:5"), json!({ "value": 0.31 }));
}
