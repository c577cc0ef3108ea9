//! Links as the server follows them: types that fit, slots that are there.

use crate::comfy_judge::judge;
use amdm::graph::comfy::ObjectInfo;
use serde_json::{Value, json};

/// The verdict where an output of `from` goes into an input declared `to`.
fn linked(from: Value, to: Value, link: Value) -> Value {
    let info = json!({
        "In": { "output": from },
        "Out": { "input": { "required": { "x": to } }, "output_node": true },
    });
    let request = json!({
        "1": { "class_type": "In", "inputs": {} },
        "2": { "class_type": "Out", "inputs": { "x": link } },
    });
    serde_json::to_value(judge(&request, &ObjectInfo::from_value(info).unwrap())).unwrap()
}

#[test]
fn types_fit_if_their_sets_meet() {
    let fits = |from: Value, to: Value| {
        let verdict = linked(json!([from]), json!([to]), json!(["1", 0]));
        if !verdict["error"].is_null() {
            let error = &verdict["node_errors"]["2"]["errors"][0];
            assert_eq!(error["type"], "return_type_mismatch");
            assert_eq!(error["extra_info"]["linked_node"], json!(["1", 0]));
        }
        verdict["error"].is_null()
    };
    assert!(fits(json!("IMAGE"), json!("IMAGE")));
    assert!(fits(json!("IMAGE"), json!("MASK, IMAGE")) && fits(json!("A,B"), json!("B,C")));
    assert!(!fits(json!("IMAGE"), json!("image")) && !fits(json!("A,B"), json!("C")));
    assert!(!fits(json!("*"), json!("IMAGE")) && !fits(json!("IMAGE"), json!("*")));
    assert!(fits(json!("*"), json!("*")) && !fits(json!("INT"), json!("FLOAT")));
    assert!(fits(json!(["a", "b"]), json!(["a", "b"])) && !fits(json!(["a"]), json!(["b"])));
    assert!(!fits(json!("COMBO"), json!(["a"])) && fits(json!("COMBO"), json!("COMBO")));
    let error = linked(json!([["a", "b"]]), json!(["STRING"]), json!(["1", 0]));
    let error = &error["node_errors"]["2"]["errors"][0];
    assert_eq!(error["details"], "x, received_type(['a', 'b']) mismatch input_type(STRING)");
    assert_eq!(error["extra_info"]["received_type"], json!(["a", "b"]));
}

#[test]
fn links_are_pairs_that_lead_to_an_output() {
    let verdict = |link: Value| linked(json!(["A", "IMAGE"]), json!(["IMAGE"]), link);
    for link in [json!(["1", 1]), json!(["1", -1]), json!(["1", true])] {
        assert!(verdict(link.clone())["error"].is_null(), "{link}");
    }
    for (link, text) in [
        (json!([]), "Bad linked input, must be a length-2 list of [node_id, slot_index]"),
        (json!(["1"]), "Bad linked input, must be a length-2 list of [node_id, slot_index]"),
        (json!([1, 1]), "Bad linked input, there is no node of that id"),
        (json!([null, 1]), "Bad linked input, there is no node of that id"),
        (json!([["1"], 1]), "Bad linked input, there is no node of that id"),
        (json!(["11", 1]), "Bad linked input, there is no node of that id"),
        (json!(["1", 2]), "Bad linked input, the node has no such output"),
        (json!(["1", -3]), "Bad linked input, the node has no such output"),
        (json!(["1", 1.0]), "Bad linked input, the node has no such output"),
        (json!(["1", "1"]), "Bad linked input, the node has no such output"),
        (json!(["1", u64::MAX]), "Bad linked input, the node has no such output"),
        (json!(["1", i64::MIN]), "Bad linked input, the node has no such output"),
    ] {
        let verdict = verdict(link.clone());
        let error = &verdict["node_errors"]["2"]["errors"][0];
        assert_eq!((&error["type"], &error["message"]), (&"bad_linked_input".into(), &text.into()));
        assert_eq!(error["extra_info"]["received_value"], link);
        assert_eq!(error["extra_info"]["input_config"], json!(["IMAGE", {}]));
    }
}
