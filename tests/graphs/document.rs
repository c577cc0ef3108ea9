//! Documents keep what they read, and stay within their limits.

use crate::cases::catalogue;
use amdm::graph::{Document, ErrorCode, Limits, set, validate};
use amdm::limits;
use serde_json::{Value, json};

const GRAPH: &str = r#"{
  "3": {"inputs": {"images": ["b", 0]}, "class_type": "SaveImage",
    "_meta": {"title": "Füchse", "cnr_id": "x"}, "is_changed": [1]},
  "b": {"class_type": "LoadImage", "inputs": {"image": "fox-1.png"}}
}"#;

#[test]
fn comes_back_whole_and_in_order() {
    let document = Document::parse(GRAPH.as_bytes()).unwrap();
    let value: Value = serde_json::from_str(GRAPH).unwrap();
    assert_eq!(document.to_value().to_string(), value.to_string());
    assert_eq!(document.find("b"), Some(1));
    assert_eq!(document.nodes()[0].title(), Some("Füchse"));
}

#[test]
fn keeps_the_request_around_the_graph() {
    let graph: Value = serde_json::from_str(GRAPH).unwrap();
    let workflow = json!({ "nodes": [], "version": 0.4 });
    let extra = json!({ "extra_pnginfo": { "workflow": workflow } });
    let body = json!({ "client_id": "me", "prompt": graph, "extra_data": extra });
    let document = Document::parse(body.to_string().as_bytes()).unwrap();
    assert_eq!(document.to_value(), graph);
    assert_eq!(document.request()["client_id"], "me");
    assert_eq!(document.workflow(), Some(&workflow));
}

#[test]
fn a_failed_setting_changes_nothing() {
    let mut document = Document::parse(GRAPH.as_bytes()).unwrap();
    let before = document.clone();
    assert!(set::apply(&mut document, &catalogue(), "b.imag=x").is_err());
    assert_eq!(document, before);
    set::apply(&mut document, &catalogue(), "Füchse.filename_prefix=a=b.c").unwrap();
    assert_eq!(document.to_value()["3"]["inputs"]["filename_prefix"], "a=b.c");
}

#[test]
fn limits_hold() {
    let mut limits = Limits::default();
    let code = |limits: &Limits| {
        Document::parse_within(GRAPH.as_bytes(), limits).map_err(|error| error.code).err()
    };
    assert_eq!(code(&limits), None);
    limits.nodes = 1;
    assert_eq!(code(&limits), Some(ErrorCode::LimitExceeded));
    limits = Limits::default();
    limits.bytes = GRAPH.len() - 1;
    assert_eq!(code(&limits), Some(ErrorCode::LimitExceeded));
}

#[test]
fn long_names_and_many_values_are_refused() {
    let long = "x".repeat(limits::GRAPH_NAME_BYTES + 1);
    let graph = json!({ "1": { "class_type": "Lane", "inputs": { long: 1 } } });
    let error = Document::parse(graph.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceeded);
    let many = format!("[{}0]", "0,".repeat(limits::JSON_VALUES));
    let error = Document::parse(many.as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceeded);
}

#[test]
fn no_more_errors_are_listed_than_anybody_reads() {
    let node = json!({ "class_type": "Nothing", "inputs": {} });
    let graph = (0..5000).map(|i| (i.to_string(), node.clone())).collect::<serde_json::Map<_, _>>();
    let document = Document::from_value(Value::Object(graph), &Limits::default()).unwrap();
    let errors = validate(&document, &catalogue()).unwrap_err();
    assert_eq!(errors.len(), limits::GRAPH_ERRORS + 1);
    assert_eq!(errors[limits::GRAPH_ERRORS].code, ErrorCode::LimitExceeded);
}

#[test]
fn cut_and_changed_texts_never_panic() {
    let catalogue = catalogue();
    for end in 0..GRAPH.len() {
        let _ = Document::parse(&GRAPH.as_bytes()[..end]);
        for byte in [b'"', b'{', b'[', b'0', b'\\', 0xff] {
            let mut bytes = GRAPH.as_bytes().to_vec();
            bytes[end] = byte;
            if let Ok(document) = Document::parse(&bytes) {
                let _ = validate(&document, &catalogue);
            }
        }
    }
}
