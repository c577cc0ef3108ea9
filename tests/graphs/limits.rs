//! Files that are as large, as deep or as repetitive as they can be: each is read, or refused with
//! an error that says which bound it broke.

use crate::cases::catalogue;
use crate::large;
use amdm::catalogue::object_info;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::set::Finder;
use amdm::graph::{
    Document, ErrorCode, GraphError, Limits, Prefer, Read, comfy, plan, read, set, validate,
    workflow,
};
use amdm::limits;
use serde_json::{Map, Value, json};
use std::time::Instant;

fn reading(bytes: &[u8]) -> Result<Read, Vec<GraphError>> {
    read(bytes, &ObjectInfo::of(&catalogue()), Prefer::Prompt)
}

fn refused(bytes: &[u8]) -> (ErrorCode, String) {
    let errors = reading(bytes).unwrap_err();
    assert_eq!(errors.len(), 1);
    (errors[0].code, errors[0].to_string())
}

fn document(graph: Value) -> Document {
    Document::from_value(graph, &Limits::default()).unwrap()
}

/// A graph of one node with this text as the value of an input.
fn holding(value: &str) -> String {
    format!(r#"{{"1": {{"class_type": "PreviewImage", "inputs": {{"images": {value}}}}}}}"#)
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}0{}", open.repeat(depth), close.repeat(depth));
        // Three levels are around the value.
        assert!(reading(holding(&nested(limits::JSON_DEPTH - 4)).as_bytes()).is_ok());
        assert_eq!(refused(holding(&nested(limits::JSON_DEPTH - 3)).as_bytes()).0, LIMIT);
        assert_eq!(refused(nested(1_000_000).as_bytes()).0, LIMIT);
        // Cut off, as nothing that follows is looked at.
        assert_eq!(refused(open.repeat(1_000_000).as_bytes()).0, LIMIT);
    }
}

const LIMIT: ErrorCode = ErrorCode::LimitExceeded;

#[test]
fn huge_numbers_are_refused_or_read_as_the_nearest() {
    let (digits, zeros) = ("9".repeat(1_000_000), "0".repeat(1_000_000));
    for number in ["1e999", "-1e999", "1e99999999999999999999", &digits, &format!("1{zeros}.0")] {
        let (code, line) = refused(holding(number).as_bytes());
        assert_eq!(code, ErrorCode::InvalidJson);
        assert!(line.contains("a number too large for 64 bits"), "{line}");
    }
    let small = format!("0.{zeros}1");
    for (number, value) in [("1e-999", 0.0), ("0e999", 0.0), (&small, 0.0), ("1e308", 1e308)] {
        let read = reading(holding(number).as_bytes()).unwrap();
        assert_eq!(read.document.to_value()["1"]["inputs"]["images"], json!(value), "{value}");
    }
    // Beyond 64 bits whole numbers are floats, as in editors.
    let read = reading(holding(&format!("1{}", "0".repeat(300))).as_bytes()).unwrap();
    assert_eq!(read.document.to_value()["1"]["inputs"]["images"], json!(1e300));
}

#[test]
fn keys_that_stand_twice_are_refused_wherever_they_are() {
    let many: String = (0..100_000).map(|i| format!("\"k{i}\": 0, ")).collect();
    for text in [
        "{\"a\": 1, \"a\": 1}".to_owned(),
        "{\"a\": 1, \"\\u0061\": 1}".to_owned(),
        holding("{\"a\": [{\"b\": 1, \"b\": 2}]}"),
        format!("{{{many}\"k0\": 0}}"),
        format!("{{\"nodes\": [{{{many}\"k99999\": 0}}]}}"),
    ] {
        assert_eq!(refused(text.as_bytes()).0, ErrorCode::DuplicateKey);
    }
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_place() {
    let good = holding("\"x\"").into_bytes();
    for bytes in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        let at = good.len() - 5;
        let text = [&good[..at], bytes, &good[at..]].concat();
        let (code, line) = refused(&text);
        assert_eq!(code, ErrorCode::InvalidJson);
        assert!(line.contains(&format!("at offset {at}, which is not UTF-8")), "{line}");
    }
    let half = [good.as_slice(), &[0xff; 1000]].concat();
    assert_eq!(refused(&half).0, ErrorCode::InvalidJson);
}

#[test]
fn gigantic_texts_pass_through_once_and_are_cut_in_errors() {
    let long = "x".repeat(50 << 20);
    let graph = json!({ "1": { "class_type": "LoadImage", "inputs": { "image": long },
        "_meta": { "title": long.as_str()[..1 << 20] } },
        "2": { "class_type": "PreviewImage", "inputs": { "images": ["1", 0] } } });
    let mut read = reading(graph.to_string().as_bytes()).unwrap();
    let errors = validate(&read.document, &catalogue()).unwrap_err();
    assert_eq!(errors.iter().map(|e| e.code).collect::<Vec<_>>(), [ErrorCode::ValueNotInList]);
    assert!(errors[0].to_string().len() < 1000);
    assert_eq!(errors[0].title.as_ref().unwrap().len(), limits::GRAPH_NAME_BYTES);
    set::apply(&mut read.document, &catalogue(), "1.image=fox-1.png").unwrap();
    assert!(validate(&read.document, &catalogue()).is_ok());
    let longer = "x".repeat(limits::GRAPH_BYTES);
    assert_eq!(refused(holding(&format!("\"{longer}\"")).as_bytes()).0, LIMIT);
    let name = json!({ long: { "class_type": "LoadImage", "inputs": {} } });
    assert_eq!(refused(name.to_string().as_bytes()).0, LIMIT);
}

/// One long title must not be repeated in every error about its node.
#[test]
fn errors_repeat_no_long_title() {
    let inputs: Map<String, Value> = (0..2000).map(|i| (format!("no{i}"), json!(0))).collect();
    let title = "t".repeat(10 << 20);
    let graph = json!({ "1": { "class_type": "PreviewImage", "inputs": inputs,
        "_meta": { "title": title } } });
    let errors = validate(&document(graph), &catalogue()).unwrap_err();
    assert_eq!(errors.len(), limits::GRAPH_ERRORS + 1);
    let longest = errors.iter().filter_map(|error| Some(error.title.as_ref()?.len())).max();
    assert_eq!(longest, Some(limits::GRAPH_NAME_BYTES));
}

#[test]
fn ten_thousand_nodes_and_a_hundred_thousand_links() {
    let mut graph = Map::new();
    let picture = json!({ "class_type": "LoadImage", "inputs": { "image": "fox-1.png" } });
    graph.insert("0".to_owned(), picture);
    for id in 1..10_000 {
        let link = |at: usize| json!([(id * at / 11).to_string(), 0]);
        let images = (1..=10).map(|at| (format!("image_{at}"), link(at)));
        let mut inputs: Map<String, Value> = images.collect();
        inputs.extend([("columns".to_owned(), json!(0)), ("gap".to_owned(), json!(8))]);
        graph.insert(id.to_string(), json!({ "class_type": "ImageGrid", "inputs": inputs }));
    }
    let images = json!({ "images": ["9999", 0] });
    graph.insert("out".to_owned(), json!({ "class_type": "PreviewImage", "inputs": images }));
    let text = Value::Object(graph).to_string();
    let read = reading(text.as_bytes()).unwrap();
    let checked = validate(&read.document, &catalogue()).unwrap();
    let links: usize = checked.nodes.iter().map(|node| node.sources().count()).sum();
    assert_eq!((checked.nodes.len(), links), (10_001, 99_991));
    assert_eq!(plan(&checked, &()).nodes.len(), checked.order.len());
    assert!(comfy::judge(&read.document, &ObjectInfo::of(&catalogue())).is_accepted());
}

#[test]
fn a_hundred_thousand_nodes_are_the_most() {
    let catalogue = catalogue();
    let graph = large::api(limits::GRAPH_NODES, large::pictures());
    let text = graph.to_string();
    let read = reading(text.as_bytes()).unwrap();
    let checked = validate(&read.document, &catalogue).unwrap();
    assert_eq!(checked.order.len(), limits::GRAPH_NODES);
    assert_eq!(plan(&checked, &()).nodes.len(), limits::GRAPH_NODES);
    assert!(comfy::judge(&read.document, &ObjectInfo::of(&catalogue)).is_accepted());
    let more = large::api(limits::GRAPH_NODES + 1, large::pictures());
    assert_eq!(refused(more.to_string().as_bytes()).0, LIMIT);
    let node =
        |id: usize| json!({ "id": id, "type": "LoadImage", "widgets_values": ["fox-1.png"] });
    let saved = |count: usize| json!({ "nodes": (0..count).map(node).collect::<Value>() });
    let info = ObjectInfo::of(&catalogue);
    let made = workflow::convert(&saved(limits::GRAPH_NODES), &info).unwrap();
    assert_eq!(made.graph.len(), limits::GRAPH_NODES);
    let errors = workflow::convert(&saved(limits::GRAPH_NODES + 1), &info).unwrap_err();
    assert_eq!(errors.iter().map(|e| e.code).collect::<Vec<_>>(), [LIMIT]);
}

/// Reading all the names again for each setting would take minutes.
#[test]
fn many_settings_of_many_parameters() {
    let catalogue = catalogue();
    let graph = (0..9_999).map(|id| {
        let param = json!({ "amdm": { "param": { "size": format!("p{id}") } } });
        let node = json!({ "class_type": "ImageLabel", "inputs": {}, "_meta": param });
        (id.to_string(), node)
    });
    let mut document = document(graph.collect());
    let finder = Finder::new(&document, &catalogue);
    let long = "x.y=".repeat(100_000);
    let start = Instant::now();
    for id in 0..9_999 {
        for name in [format!("p{id}"), format!("{id}.width")] {
            let setting = format!("{name}={}", id + 1);
            let (target, value) = finder.find(&document, &setting).unwrap();
            target.set_text(&mut document, value).unwrap();
        }
    }
    for id in 0..300 {
        let setting = format!("{id}.text={long}");
        assert_eq!(finder.find(&document, &setting).unwrap().1.len(), long.len());
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    let inputs = &document.to_value()["9998"]["inputs"];
    assert_eq!((&inputs["size"], &inputs["width"]), (&json!(9_999), &json!(9_999)));
}

#[test]
fn large_graphs_are_valid_in_both_forms() {
    let catalogue = catalogue();
    for nodes in [2, 3, 11, 12, 100, 1000] {
        let graph = large::api(nodes, large::pictures());
        let document = document(graph.clone());
        assert_eq!(document.nodes().len(), nodes);
        let checked = validate(&document, &catalogue).unwrap();
        assert_eq!((checked.order.len(), checked.warnings.len()), (nodes, 0));
        assert_eq!(plan(&checked, &()).nodes.len(), nodes);
        let saved = large::saved(&graph, &object_info(&catalogue));
        let made = workflow::convert(&saved, &ObjectInfo::of(&catalogue)).unwrap();
        assert_eq!(made.warnings, []);
        for (id, node) in graph.as_object().unwrap() {
            let made = made.graph[id]["inputs"].as_object().unwrap();
            assert_eq!(made, node["inputs"].as_object().unwrap(), "node {id}");
        }
    }
}

/// Everything in the file stands at its bound at once: as many small objects as values permit.
#[test]
fn as_many_values_as_there_may_be() {
    let objects = "{\"\":0},".repeat(limits::JSON_VALUES / 2 - 10);
    let text = holding(&format!("[{objects}0]"));
    let read = reading(text.as_bytes()).unwrap();
    let errors = validate(&read.document, &catalogue()).unwrap_err();
    assert_eq!(errors.iter().map(|e| e.code).collect::<Vec<_>>(), [ErrorCode::BadLinkedInput]);
}
