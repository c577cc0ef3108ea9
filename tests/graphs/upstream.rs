//! Judgements on graphs for other installations: as their server judged, error by error.

use amdm::catalogue::ObjectInfo;
use amdm::graph::{Document, ErrorCode, Limits, Verdict, upstream};
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
        Ok(document) => upstream::judge(&document, info),
        Err(error) => Verdict::unreadable(&error),
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

/// A graph with one output of class `Out`, whose input `x` is declared so and given so.
fn given(config: Value, x: Value) -> Value {
    let info = json!({ "Out": { "input": { "required": { "x": config } }, "output_node": true } });
    let request = json!({ "1": { "class_type": "Out", "inputs": { "x": x } } });
    serde_json::to_value(judge(&request, &ObjectInfo::from_value(info).unwrap())).unwrap()
}

fn error(config: Value, x: Value) -> Value {
    let verdict = given(config.clone(), x.clone());
    let errors = &verdict["node_errors"]["1"]["errors"];
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{config} {x} {verdict}");
    errors[0].clone()
}

/// The exception of Python, or nothing where the value is converted.
fn exception(kind: &str, x: Value) -> Option<String> {
    let verdict = given(json!([kind]), x.clone());
    if verdict["error"].is_null() {
        return None;
    }
    let error = error(json!([kind]), x.clone());
    assert_eq!(error["type"], "invalid_input_type", "{x}");
    let message = format!("Failed to convert an input value to a {kind} value");
    assert_eq!(error["message"], message);
    assert_eq!(error["extra_info"]["input_config"], json!([kind, {}]));
    error["extra_info"]["exception_message"].as_str().map(str::to_owned)
}

/// What the value is converted to: shown by a range that nothing is in.
fn read(kind: &str, x: Value) -> Value {
    let limits =
        if kind == "STRING" { json!({ "min": "\u{10ffff}" }) } else { json!({ "min": 1e308 }) };
    error(json!([kind, limits]), x)["extra_info"]["received_value"].clone()
}

#[test]
fn whole_numbers_are_read_as_python_reads_them() {
    for (x, whole) in [
        (json!(1.9), json!(1)),
        (json!(-1.9), json!(-1)),
        (json!(true), json!(1)),
        (json!(false), json!(0)),
        (json!("2"), json!(2)),
        (json!(" 2\n"), json!(2)),
        (json!("1_000"), json!(1000)),
        (json!("+5"), json!(5)),
        (json!("-007"), json!(-7)),
        (json!("０１２"), json!(12)),
        (json!({ "__value__": "3" }), json!(3)),
        (json!("18446744073709551615"), json!(18_446_744_073_709_551_615_u64)),
    ] {
        assert_eq!(read("INT", x.clone()), whole, "{x}");
    }
    for text in ["two", "", " ", "1e3", "1.0", "0x10", "1__0", "_1", "1_", "- 5", "nan", "true"] {
        let said = format!("invalid literal for int() with base 10: '{text}'");
        assert_eq!(exception("INT", json!(text)), Some(said), "{text}");
    }
    let not = |kind: &str| {
        let text = "int() argument must be a string, a bytes-like object or a real number, not";
        Some(format!("{text} '{kind}'"))
    };
    assert_eq!(exception("INT", json!(null)), not("NoneType"));
    assert_eq!(exception("INT", json!({})), not("dict"));
    assert_eq!(exception("INT", json!({ "__value__": ["1"] })), not("list"));
    assert_eq!(exception("INT", json!({ "__value__": { "__value__": 1 } })), not("dict"));
    assert_eq!(
        exception("INT", json!("it's")).unwrap(),
        "invalid literal for int() with base 10: \"it's\""
    );
    let long = exception("INT", json!("9".repeat(4301))).unwrap();
    assert!(long.starts_with("Exceeds the limit (4300 digits)"), "{long}");
    assert_eq!(exception("INT", json!("9".repeat(4300))), None);
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    for (x, float) in [
        (json!(1), json!(1.0)),
        (json!(true), json!(1.0)),
        (json!(" 1e3 "), json!(1000.0)),
        (json!("1_0.5_0"), json!(10.5)),
        (json!(".5"), json!(0.5)),
        (json!("5."), json!(5.0)),
        (json!("-inf"), json!("-inf")),
        (json!("-Infinity"), json!("-inf")),
        (json!("٣.٥"), json!(3.5)),
    ] {
        assert_eq!(read("FLOAT", x.clone()), float, "{x}");
    }
    for text in ["one", "", ".", "1e", "e5", "1_e3", "1__0", "0x1p3", "1,5", "1d"] {
        let said = format!("could not convert string to float: '{text}'");
        assert_eq!(exception("FLOAT", json!(text)), Some(said), "{text}");
    }
    let not = |kind: &str| {
        Some(format!("float() argument must be a string or a real number, not '{kind}'"))
    };
    assert_eq!(exception("FLOAT", json!(null)), not("NoneType"));
    assert_eq!(exception("FLOAT", json!({ "a": 1 })), not("dict"));
    for text in ["nan", "-NaN", "inf", "1e999"] {
        assert_eq!(exception("FLOAT", json!(text)), None, "{text}");
    }
    // Nothing is smaller or bigger than nan.
    let range = json!(["FLOAT", { "min": 0.0, "max": 1.0 }]);
    assert_eq!(given(range.clone(), json!("nan"))["error"], Value::Null);
    let error = error(range, json!("1e999"));
    assert_eq!(error["message"], "Value inf bigger than max of 1.0");
}

#[test]
fn texts_and_truth_values_take_everything() {
    for x in [json!(null), json!(0), json!("false"), json!({}), json!({ "__value__": [] })] {
        assert_eq!(exception("STRING", x.clone()), None);
        assert_eq!(exception("BOOLEAN", x), None);
    }
    for (x, text) in [
        (json!(null), "None"),
        (json!(true), "True"),
        (json!(1e16), "1e+16"),
        (json!(1e15), "1000000000000000.0"),
        (json!(1e-5), "1e-05"),
        (json!(1.5e-7), "1.5e-07"),
        (json!(0.0001), "0.0001"),
        (
            json!({ "a": [1, "b'c\n", null], "d": "\"'" }),
            "{'a': [1, \"b'c\\n\", None], 'd': '\"\\''}",
        ),
        (json!({ "__value__": ["é", "\u{a0}\u{7f}\u{200b}"] }), "['é', '\\xa0\\x7f\\u200b']"),
    ] {
        assert_eq!(read("STRING", x.clone()), text, "{x}");
    }
    for (x, truth) in [
        (json!("false"), true),
        (json!(""), false),
        (json!(0.0), false),
        (json!(-1), true),
        (json!(null), false),
        (json!({}), false),
        (json!({ "__value__": [0] }), true),
    ] {
        assert_eq!(read("BOOLEAN", x.clone()), truth, "{x}");
    }
}

#[test]
fn ranges_are_python_comparisons() {
    let int = |x: Value| given(json!(["INT", { "min": 1, "max": 50 }]), x)["error"].is_null();
    assert!(int(json!(1)) && int(json!(50.9)) && int(json!("50")) && int(json!(true)));
    assert!(!int(json!(0.9)) && !int(json!(51)) && !int(json!("1_000")) && !int(json!(false)));
    let message = |config: Value, x: Value| error(config, x)["message"].clone();
    let seed = json!(["INT", { "min": 0, "max": 18_446_744_073_709_551_615_u64 }]);
    assert_eq!(
        message(seed.clone(), json!("99999999999999999999999")),
        "Value 99999999999999999999999 bigger than max of 18446744073709551615"
    );
    assert_eq!(given(seed, json!(18_446_744_073_709_551_615_u64))["error"], Value::Null);
    let float = json!(["FLOAT", { "min": 0.5, "max": 30 }]);
    assert_eq!(message(float.clone(), json!("0.25")), "Value 0.25 smaller than min of 0.5");
    assert_eq!(message(float, json!(31)), "Value 31.0 bigger than max of 30");
    // A range on a text, or a bound that is no number: the server fails, so the graph does.
    let odd = error(json!(["STRING", { "min": 1 }]), json!("a"));
    assert_eq!(odd["type"], "invalid_input_type");
    assert_eq!(error(json!(["INT", { "max": null }]), json!(1))["type"], "invalid_input_type");
    assert_eq!(error(json!(["MODEL", { "min": 2 }]), json!(1))["type"], "value_smaller_than_min");
}

#[test]
fn choices_are_checked_where_they_stand_for_the_type() {
    let error_of = |choices: Value, x: Value| error(json!([choices]), x);
    let bad = error_of(json!(["a", 1, 2.5, true, null]), json!(3));
    assert_eq!(bad["details"], "x: '3' not in ['a', 1, 2.5, True, None]");
    assert_eq!(bad["extra_info"]["input_config"], json!([["a", 1, 2.5, true, null], {}]));
    for x in [json!(1), json!(1.0), json!(2.5), json!(true), json!(null), json!("a")] {
        let verdict = given(json!([["a", 1, 2.5, null]]), x.clone());
        assert!(verdict["error"].is_null(), "{x}");
    }
    let list = error_of(json!(["a", "c"]), json!({ "__value__": ["a"] }));
    assert_eq!(list["details"], "x: '['a']' not in ['a', 'c']");
    assert_eq!(list["extra_info"]["received_value"], json!(["a"]));
    let many: Vec<String> = (0..21).map(|i| format!("model {i}")).collect();
    let long = error_of(json!(many), json!("model 21"));
    assert_eq!(long["details"], "x: 'model 21' not in (list of length 21)");
    assert_eq!(long["extra_info"]["input_config"], Value::Null);
    assert!(given(json!([many]), json!("model 20"))["error"].is_null());
    assert_eq!(
        error_of(json!(many[..20]), json!("z"))["extra_info"]["input_config"][0],
        json!(many[..20])
    );
    assert_eq!(error_of(json!([]), json!("z"))["details"], "x: 'z' not in []");
    let new = given(json!(["COMBO", { "options": ["auto"] }]), json!("aut"));
    assert_eq!(new["error"], Value::Null);
    assert_eq!(new["warnings"][0]["code"], "value_not_in_list");
    assert_eq!(new["warnings"][0]["closest"], "auto");
}

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

fn sampler(steps: Value) -> Value {
    let inputs =
        json!({ "model": "x", "seed": 1, "steps": steps, "cfg": 1, "flag": false, "text": "x" });
    json!({ "class_type": "ProbeSampler", "inputs": inputs })
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
        "lost": sampler(json!(0)), "loop": { "class_type": "ProbeCheck", "inputs": { "image": ["loop", 0] } },
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
    let check = |from: &str| json!({ "class_type": "ProbeCheck", "inputs": { "image": [from, 0], "n": 1 } });
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
    assert_eq!(
        nodes[0],
        json!({ "node_id": "1", "class_type": "ProbeLoadr", "node_title": "My L", "closest": "ProbeLoader" })
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
