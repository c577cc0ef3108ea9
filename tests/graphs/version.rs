//! Versions that graphs record, and what is changed in older ones.

use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{Document, ErrorCode, Prefer, Read, read, set, version, workflow};
use serde_json::{Value, json};

use crate::cases::catalogue;

fn document(graph: &Value) -> Document {
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

fn saved(extra: Value, properties: Value) -> Value {
    json!({ "nodes": [
        { "id": 1, "type": "ModelLoader", "widgets_values": ["tiny-style", "style"],
            "inputs": [{ "name": "conditioning", "type": "COMBO", "link": null }],
            "properties": properties },
        { "id": 2, "type": "EmptyLatent", "widgets_values": [1],
            "inputs": [{ "name": "model", "type": "MODEL", "link": 1 }] },
        { "id": 3, "type": "EmptyLatent", "widgets_values": [2],
            "inputs": [{ "name": "model", "type": "MODEL", "link": 2 }] }],
        "links": [[1, 1, 0, 2, 0, "MODEL"], [2, 1, 0, 3, 0, "MODEL"]], "extra": extra, "version": 0.4 })
}

fn reading(file: &Value) -> Result<Read, Vec<amdm::graph::GraphError>> {
    let info = ObjectInfo::of(&catalogue());
    read(file.to_string().as_bytes(), &info, Prefer::Prompt)
}

#[test]
fn a_workflow_of_a_newer_form_is_an_error() {
    let workflow = |schema: Value| saved(json!({ "amdm": { "schema": schema } }), json!({}));
    assert!(reading(&workflow(json!(version::SCHEMA))).is_ok());
    for schema in [json!(2), json!("1"), json!(1.5)] {
        let errors = reading(&workflow(schema.clone())).unwrap_err();
        let line = format!(
            "found a graph of form {schema}, expected form 1 or older: a newer amdm wrote it \
             [newer_version]"
        );
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [line]);
        let info = ObjectInfo::of(&catalogue());
        assert_eq!(workflow::convert(&workflow(schema), &info).unwrap_err(), errors);
    }
}

#[test]
fn saved_values_are_brought_up_to_date_before_they_are_read() {
    let old = saved(json!({}), json!({ "cnr_id": "amdm", "ver": "0.0.3" }));
    let mut made = reading(&old).unwrap();
    let line = "node 1 (ModelLoader): found a node made for amdm:node 0.0.3: its input conditioning \
        became family [migrated_node]";
    assert_eq!(made.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [line]);
    let inputs = json!({ "model_name": "tiny-style", "family": "tiny-style" });
    assert_eq!(made.document.to_value()["1"]["inputs"], inputs);
    assert_eq!(version::migrate(&mut made.document, &catalogue()).unwrap(), []);
    // The workflow that goes into pictures is the new one.
    let kept = made.document.workflow().unwrap().clone();
    assert_eq!(kept["nodes"][0]["widgets_values"], json!(["tiny-style", "tiny-style"]));
    assert_eq!(kept["nodes"][0]["inputs"][0]["name"], "family");
    assert_eq!(kept["nodes"][0]["properties"]["ver"], "0.1.0");
    assert_eq!(reading(&kept).unwrap().warnings, []);
    // One that only travels along is brought up to date when something is set.
    let texts = json!({ "extra_pnginfo": { "workflow": old } });
    let request = json!({ "prompt": made.document.to_value(), "extra_data": texts });
    let mut document = reading(&request).unwrap().document;
    set::apply(&mut document, &catalogue(), "2.batch_size=4").unwrap();
    document.renew_workflow(&ObjectInfo::of(&catalogue()));
    let renewed = document.workflow().unwrap();
    assert_eq!(renewed["nodes"][0], kept["nodes"][0]);
    assert_eq!(renewed["nodes"][1]["widgets_values"], json!([4]));
    // By name, and inside a subgraph.
    let mut named = old.clone();
    named["nodes"][0]["widgets_values_named"] = json!({ "conditioning": "layout" });
    named["nodes"][0]["widgets_values"] = json!(null);
    let inner = json!({ "id": "sub", "name": "Sub", "nodes": [named["nodes"][0]] });
    named["definitions"] = json!({ "subgraphs": [inner] });
    named["nodes"].as_array_mut().unwrap().push(json!({ "id": 30, "type": "sub" }));
    let graph = reading(&named).unwrap().document.to_value();
    for id in ["1", "30:1"] {
        assert_eq!(graph[id]["inputs"]["family"], "tiny-layout", "{id}");
    }
    // Of this version, or nobody's: as it stands.
    for properties in [json!({ "cnr_id": "amdm", "ver": "0.1.0" }), json!({ "ver": "0.0.3" })] {
        let graph = reading(&saved(json!({}), properties)).unwrap().document.to_value();
        assert_eq!(graph["1"]["inputs"]["family"], "style");
    }
}

#[test]
fn a_workflow_declares_parameters_beside_its_nodes() {
    let workflow = |param: Value| saved(json!({ "amdm": { "param": param } }), json!({}));
    let size = json!({ "batch_size": "size" });
    let param = json!({ "2": size, "3": size, "1": { "family": "kind" } });
    let mut document = reading(&workflow(param)).unwrap().document;
    set::apply(&mut document, &catalogue(), "size=4").unwrap();
    for id in ["2", "3"] {
        assert_eq!(document.to_value()[id]["inputs"]["batch_size"], 4);
    }
    document.renew_workflow(&ObjectInfo::of(&catalogue()));
    let kept = document.workflow().unwrap();
    assert_eq!(kept["nodes"][1]["widgets_values"], json!([4]));
    assert_eq!(reading(kept).unwrap().document.to_value(), document.to_value());
    let lost = reading(&workflow(json!({ "9": { "a": "b" } }))).unwrap();
    let found = "found parameters of node \"9\", which is not in the graph";
    assert!(lost.warnings.iter().any(|warning| warning.to_string().starts_with(found)));
    for wrong in [json!([]), json!({ "2": "size" })] {
        assert_eq!(reading(&workflow(wrong)).unwrap_err()[0].code, ErrorCode::InvalidParameter);
    }
}
