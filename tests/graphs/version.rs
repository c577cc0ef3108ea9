//! Versions that graphs record, and what is changed in older ones.

use amdm::graph::{Document, version};
use serde_json::json;

use crate::cases::catalogue;

fn document(graph: &serde_json::Value) -> Document {
    Document::parse(graph.to_string().as_bytes()).unwrap()
}

#[test]
fn what_is_recorded_is_read_back_and_changes_nothing() {
    let graph = json!({
        "1": {"class_type": "EmptyLatent", "inputs": {}, "_meta": {"title": "Start", "own": 1}},
        "2": {"class_type": "acme.blur.BoxBlur", "inputs": {}},
        "3": {"class_type": "Nobody", "inputs": {}},
    });
    let mut document = document(&graph);
    version::record(&mut document, &catalogue());
    let once = document.to_value();
    let meta = json!({"title": "Start", "own": 1, "cnr_id": "amdm", "ver": "0.1.0",
                      "amdm": {"schema": version::SCHEMA}});
    assert_eq!(once["1"]["_meta"], meta);
    assert_eq!(once["2"]["_meta"]["cnr_id"], "acme:blur");
    assert_eq!(once["3"], graph["3"]);
    version::record(&mut document, &catalogue());
    assert_eq!(version::migrate(&mut document, &catalogue()).unwrap(), []);
    assert_eq!(document.to_value(), once);
}

#[test]
fn an_older_node_is_brought_up_to_date_once() {
    let loader = |ver: &str| {
        json!({"1": {"class_type": "ModelLoader", "inputs": {"model_name": "x", "conditioning": "style"},
                     "_meta": {"cnr_id": "amdm", "ver": ver}}})
    };
    let mut old = document(&loader("0.0.3"));
    let warnings = version::migrate(&mut old, &catalogue()).unwrap();
    assert_eq!(
        warnings[0].to_string(),
        "node 1 (ModelLoader): found a node made for amdm:node 0.0.3: its input conditioning became \
         family [migrated_node]"
    );
    let inputs = json!({"model_name": "x", "family": "tiny-style"});
    assert_eq!(old.to_value()["1"]["inputs"], inputs);
    assert_eq!(old.to_value()["1"]["_meta"]["ver"], "0.1.0");
    assert_eq!(version::migrate(&mut old, &catalogue()).unwrap(), []);
    // Of this version, or of nobody knows which: it stays, and validation judges it.
    for ver in ["0.1.0", "0.1.9", "nightly"] {
        let mut document = document(&loader(ver));
        assert_eq!(version::migrate(&mut document, &catalogue()).unwrap(), []);
        assert_eq!(document.to_value()["1"]["inputs"]["conditioning"], "style");
    }
}
