//! Sets of descriptors: what they refuse, and what editors are told.

use crate::cases::{catalogue, folder};
use amdm::catalogue::{Catalogue, Descriptor, object_info};
use std::fs;

fn descriptors() -> Vec<Descriptor> {
    let text = fs::read_to_string(folder().join("catalogue.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn comes_back_from_json_unchanged() {
    let catalogue = Catalogue::from_descriptors(descriptors()).unwrap();
    let text = serde_json::to_string(&catalogue).unwrap();
    let again: Catalogue = serde_json::from_str(&text).unwrap();
    let nodes = |c: &Catalogue| c.nodes().map(|node| (**node).clone()).collect::<Vec<_>>();
    assert_eq!(nodes(&again), descriptors());
    assert_eq!(nodes(&again), nodes(&catalogue));
}

#[test]
fn knows_packs_and_both_spellings() {
    let catalogue = catalogue();
    let packs: Vec<_> = catalogue.packs().collect();
    assert_eq!(packs, [("amdm:node", "0.1.0"), ("acme:blur", "1.2.0")]);
    assert_eq!(catalogue.pack("acme:blur").count(), 3);
    assert_eq!(catalogue.find("AmdmLane").unwrap().r#type, "Lane");
    assert_eq!(catalogue.find("Lane").unwrap().r#type, "Lane");
    assert!(catalogue.find("Amdmacme.blur.Gauss").is_none());
    assert_eq!(catalogue.closest("AmdmLame"), Some("Lane"));
}

#[test]
fn refuses_what_does_not_belong() {
    let code = |nodes: Vec<Descriptor>| Catalogue::new().add_pack(nodes).unwrap_err().code();
    let nodes = descriptors();
    let lane = || nodes[6].clone();
    assert_eq!(code(vec![lane(), lane()]), "duplicate_class");
    assert_eq!(code(nodes.clone()), "mixed_pack");
    let stray = Descriptor { pack: "evil:pack".into(), ..lane() };
    assert_eq!(code(vec![stray]), "class_name");
    let mut catalogue = catalogue();
    let again = catalogue.add_pack(vec![lane()]).unwrap_err();
    assert_eq!(again.code(), "duplicate_pack");
    assert_eq!(
        again.to_string(),
        "found a second pack amdm:node (version 0.1.0), expected each pack once"
    );
    assert_eq!(catalogue.add_pack_json("{}").unwrap_err().code(), "malformed_descriptor");
    assert_eq!(catalogue.packs().count(), 2);
}

#[test]
fn tells_editors_what_they_need() {
    let info = object_info(&catalogue());
    let keys: Vec<_> = info.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys[..3], ["ModelLoader", "BoundingBox", "TinyLayout"]);
    for (class, entry) in info.as_object().unwrap() {
        assert_eq!(entry["name"], class.as_str());
        assert!(entry["python_module"].as_str().unwrap().starts_with("custom_nodes."), "{class}");
        for part in ["required", "optional"] {
            let inputs = entry["input"][part].as_object().unwrap().keys();
            let order = entry["input_order"][part].as_array().unwrap();
            assert!(inputs.eq(order.iter().map(|name| name.as_str().unwrap())), "{class}");
        }
        assert_eq!(
            entry["output"].as_array().unwrap().len(),
            entry["output_name"].as_array().unwrap().len()
        );
    }
    let sampler = &info["Sampler"]["input"];
    assert_eq!(sampler["required"]["solver"][0][3], "dpmpp-2m");
    assert_eq!(sampler["required"]["seed"][1]["max"], 9_007_199_254_740_991_u64);
    assert_eq!(sampler["required"]["seed"][1]["control_after_generate"], true);
    assert_eq!(sampler["optional"]["policy"][0], "STEP_POLICY");
    assert_eq!(info["Sampler"]["python_module"], "custom_nodes.amdm");
    assert_eq!(info["acme.blur.Gauss"]["python_module"], "custom_nodes.acme-blur");
    assert_eq!(
        info["ModelLoader"]["input"]["required"]["model_name"][0][3],
        "sdxl-base.safetensors"
    );
    assert_eq!(info["Lane"]["input"]["optional"]["seed"][1]["forceInput"], true);
    let grid = info["ImageGrid"]["input"]["optional"].as_object().unwrap();
    assert_eq!((grid.len(), grid.contains_key("image_16")), (16, true));
}
