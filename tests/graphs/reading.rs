//! Which of the graphs in a file is read, and what is kept beside it.

use crate::cases::catalogue;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{Document, ErrorCode, Prefer, read};
use serde_json::{Value, json};

fn graph(prefix: &str) -> Value {
    json!({ "1": { "inputs": { "image": "fox-1.png" }, "class_type": "LoadImage",
            "_meta": { "title": "Load Image" } },
        "2": { "inputs": { "filename_prefix": prefix, "images": ["1", 0] },
            "class_type": "SaveImage", "_meta": { "title": "Save Image" } } })
}

fn workflow() -> Value {
    json!({ "nodes": [
        { "id": 1, "type": "LoadImage", "widgets_values": ["fox-1.png"] },
        { "id": 2, "type": "SaveImage", "widgets_values": ["saved"],
            "inputs": [{ "name": "images", "type": "IMAGE", "link": 1 }] }],
        "links": [[1, 1, 0, 2, 0, "IMAGE"]], "version": 0.4 })
}

/// A PNG file of text chunks; checksums are not read.
fn png(texts: &[(&str, String)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, text) in texts {
        let data = format!("{name}\0{text}");
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        file.extend([b"tEXt", data.as_bytes(), &[0; 4]].concat());
    }
    file.extend(b"\0\0\0\0IEND\0\0\0\0");
    file
}

fn info() -> ObjectInfo {
    ObjectInfo::of(&catalogue())
}

#[test]
fn a_workflow_becomes_a_document_that_keeps_it() {
    let read = read(workflow().to_string().as_bytes(), &info(), Prefer::Prompt).unwrap();
    assert!(read.converted);
    assert_eq!(read.document.to_value(), graph("saved"));
    assert_eq!(read.document.workflow(), Some(&workflow()));
}

#[test]
fn a_picture_has_both_and_the_reader_chooses() {
    let texts = [("prompt", graph("ran").to_string()), ("workflow", workflow().to_string())];
    let ran = read(&png(&texts), &info(), Prefer::Prompt).unwrap();
    assert_eq!((ran.converted, ran.document.to_value()), (false, graph("ran")));
    assert_eq!(ran.document.workflow(), Some(&workflow()));
    let saved = read(&png(&texts), &info(), Prefer::Workflow).unwrap();
    assert_eq!((saved.converted, saved.document.to_value()), (true, graph("saved")));
    for prefer in [Prefer::Prompt, Prefer::Workflow] {
        let ran = read(&png(&texts[..1]), &info(), prefer).unwrap();
        assert_eq!(ran.document.to_value(), graph("ran"));
        let saved = read(&png(&texts[1..]), &info(), prefer).unwrap();
        assert_eq!(saved.document.to_value(), graph("saved"));
    }
}

#[test]
fn a_damaged_workflow_beside_a_graph_harms_nobody() {
    let texts = [("prompt", graph("ran").to_string()), ("workflow", "{".to_owned())];
    let read = read(&png(&texts), &info(), Prefer::Prompt).unwrap();
    assert_eq!((read.document.to_value(), read.document.workflow()), (graph("ran"), None));
}

#[test]
fn numbers_that_are_none_are_read_in_pictures_only() {
    let inputs = r#"{"class_type": "LoadImage", "is_changed": [NaN, -Infinity, -1],
        "inputs": {"image": "NaN \"Infinity\\"}}"#;
    let text = format!("{{\"1\": {inputs}}}");
    assert!(read(text.as_bytes(), &info(), Prefer::Prompt).is_err());
    let read = read(&png(&[("prompt", text)]), &info(), Prefer::Prompt).unwrap();
    let node = &read.document.to_value()["1"];
    assert_eq!(node["is_changed"], json!([null, null, -1]));
    assert_eq!(node["inputs"]["image"], r#"NaN "Infinity\"#);
}

#[test]
fn forms_of_objects_are_told_in_order() {
    let code = |value: Value| {
        let errors = read(value.to_string().as_bytes(), &info(), Prefer::Prompt);
        errors.map(|_| ()).map_err(|errors| errors[0].code)
    };
    assert_eq!(code(json!({ "nodes": [], "prompt": {} })), Ok(()));
    assert_eq!(code(json!({ "prompt": graph("x"), "workflow": {} })), Ok(()));
    assert_eq!(code(json!({ "prompt": null })), Err(ErrorCode::NoPrompt));
    assert_eq!(code(json!({ "prompt": [] })), Err(ErrorCode::InvalidPrompt));
    assert_eq!(code(json!({ "a": 1 })), Err(ErrorCode::NoPrompt));
    assert_eq!(code(json!({ "prompt": { "class_type": "LoadImage" } })), Ok(()));
}

#[test]
fn without_descriptions_a_workflow_is_refused() {
    let error = Document::parse(workflow().to_string().as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::UnsupportedFormat);
    let errors = read(workflow().to_string().as_bytes(), &ObjectInfo::default(), Prefer::Prompt);
    assert_eq!(errors.unwrap_err().len(), 2);
}
