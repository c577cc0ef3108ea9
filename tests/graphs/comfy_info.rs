//! Node descriptions of other installations: both ways to declare, and what may be missing.

use crate::cases::catalogue;
use amdm::graph::comfy::ObjectInfo;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The nodes that the recorded conversions assume.
pub fn recorded() -> ObjectInfo {
    ObjectInfo::parse(&fs::read(vectors().join("object_info.json")).unwrap()).unwrap()
}

/// Recorded conversions: workflows, and what an editor made of them.
pub fn vectors() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/comfyui/vectors")
}

fn names(info: &ObjectInfo, class: &str) -> Vec<String> {
    info.find(class).unwrap().inputs.iter().map(|input| input.name.clone()).collect()
}

#[test]
fn both_ways_to_declare_are_read() {
    let info = recorded();
    let loader = info.find("AmdmModelLoader").unwrap();
    assert_eq!(loader.title, "AMDM Model Loader");
    assert_eq!(names(&info, "AmdmModelLoader"), ["model_name", "dtype", "device"]);
    let (legacy, new) = (loader.input("model_name").unwrap(), loader.input("dtype").unwrap());
    assert_eq!((legacy.type_name.as_str(), legacy.legacy_choices()), ("COMBO", true));
    assert_eq!((new.type_name.as_str(), new.legacy_choices()), ("COMBO", false));
    assert_eq!(legacy.choices().unwrap()[1], "sdxl-base.safetensors");
    assert_eq!(new.choices().unwrap().len(), 4);
    assert_eq!(new.option("default"), Some(&json!("auto")));
    let sampler = info.find("AmdmSampler").unwrap();
    assert!(sampler.input("unique_id").unwrap().hidden);
    assert_eq!(sampler.input("unique_id").unwrap().type_name, "UNIQUE_ID");
    assert!(!sampler.input("strength").unwrap().required);
    assert_eq!(sampler.outputs[0].type_name, "IMAGE");
    assert!(info.find("SaveImage").unwrap().output_node);
    assert_eq!(info.closest("AmdmSmapler"), Some("AmdmSampler"));
}

#[test]
fn order_is_that_of_the_widgets() {
    let input = json!({
        "hidden": { "id": ["UNIQUE_ID"] },
        "optional": { "z": ["INT"], "y": ["INT"] },
        "required": { "c": ["INT"], "b": ["INT"], "a": ["INT"] },
    });
    let order = json!({ "required": ["a", "missing", 7], "optional": ["y", "a"] });
    let entry = |order: &Value| json!({ "N": { "input": input, "input_order": order } });
    let info = ObjectInfo::from_value(entry(&order)).unwrap();
    assert_eq!(names(&info, "N"), ["a", "y", "c", "b", "z", "id"]);
    let info = ObjectInfo::from_value(entry(&Value::Null)).unwrap();
    assert_eq!(names(&info, "N"), ["c", "b", "a", "z", "y", "id"]);
}

#[test]
fn nearly_everything_may_be_missing() {
    let entries = json!({
        "Bare": {},
        "Odd": { "input": { "required": { "a": "INT", "b": [], "c": 7, "d": [["x"]], "e": null } },
            "output": ["IMAGE", ["x", "y"], 3], "output_name": [1, "second"], "output_node": "yes" },
        "none": null,
    });
    let info = ObjectInfo::from_value(entries).unwrap();
    assert_eq!(info.len(), 2);
    assert_eq!(info.find("Bare").unwrap().title, "Bare");
    let odd = info.find("Odd").unwrap();
    let types: Vec<&str> = odd.inputs.iter().map(|input| input.type_name.as_str()).collect();
    assert_eq!(types, ["INT", "*", "*", "COMBO"]);
    let outputs = odd.outputs.iter().map(|out| (out.name.as_str(), out.type_name.as_str()));
    assert_eq!(outputs.collect::<Vec<_>>(), [("IMAGE", "IMAGE"), ("second", "COMBO"), ("*", "*")]);
    assert!(!odd.output_node);
    for wrong in [json!([]), json!(1), json!({ "a": 1 })] {
        assert_eq!(ObjectInfo::from_value(wrong).unwrap_err().code(), "malformed_descriptor");
    }
    assert!(ObjectInfo::parse(b"{\"a\": ").is_err());
}

#[test]
fn our_own_nodes_have_the_same_form() {
    let info = ObjectInfo::of(&catalogue());
    assert_eq!(info.find("AmdmLane").unwrap().class, "Lane");
    assert!(info.find("acme.blur.Gauss").is_some() || info.find("acme.blur.BoxBlur").is_some());
    let lane = info.find("Lane").unwrap();
    assert!(lane.inputs.iter().any(|input| input.required && input.type_name == "MODEL"));
}
