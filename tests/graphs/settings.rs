//! What can be set, and the runs of sweeps.

use amdm::graph::set::{Sweep, apply, fill_file_names, runs, settable, values};
use amdm::graph::{Document, ErrorCode, GraphError};
use serde_json::json;
use std::sync::Arc;

use crate::cases::catalogue;

fn document() -> Document {
    let graph = json!({
        "5": {"class_type": "Sampler", "inputs": {"lanes": ["7", 0], "latent": ["8", 0], "steps": 12,
              "eta": ["9", 0]},
              "_meta": {"title": "Sample", "amdm": {"param": {"seed": "seed"}}}},
        "6": {"class_type": "LoadImage", "inputs": {"image": "fox-3.png"}},
        "7": {"class_type": "Nothing", "inputs": {"a": 1}},
    });
    Document::parse(graph.to_string().as_bytes()).unwrap()
}

fn sweep(text: &str) -> Result<Vec<String>, GraphError> {
    Sweep::parse(&document(), &catalogue(), text).map(|sweep| sweep.values().to_vec())
}

#[test]
fn everything_that_takes_a_value_is_listed() {
    let all = settable(&document(), &catalogue()).unwrap();
    let find = |name: &str| all.iter().find(|one| one.setting == name).unwrap();
    let steps = find("5.steps");
    assert_eq!((&steps.value, steps.r#type.as_str()), (&Some(json!(12)), "INT"));
    assert_eq!((&steps.min, &steps.max), (&Some(json!(1)), &Some(json!(1000))));
    assert_eq!(find("5.seed").parameter.as_deref(), Some("seed"));
    assert_eq!(find("5.seed").value, Some(json!(0)));
    assert_eq!(find("5.eta").link, Some(("9".into(), 0)));
    assert_eq!(find("5.eta").value, None);
    assert_eq!(*find("5.solver").choices, ["ddim", "euler", "euler-ancestral", "dpmpp-2m"]);
    assert!(find("6.image").choices.contains(&"fox-30.png".into()));
    assert!(!all.iter().any(|one| one.setting == "5.lanes" || one.node == "7"));
}

#[test]
fn ranges_and_lists() {
    let values = |text: &str| sweep(text).unwrap().join(" ");
    assert_eq!(values("5.steps=1..4"), "1 2 3 4");
    assert_eq!(values("seed=0..10:5"), "0 5 10");
    assert_eq!(values("Sample.eta=.1..0.3:.1"), "0.1 0.2 0.3");
    assert_eq!(values("5.eta=0..1:.4"), "0.0 0.4 0.8");
    assert_eq!(values("5.eta=.5,.7,.9"), ".5 .7 .9");
    assert_eq!(values("5.solver=ddim, euler"), "ddim euler");
    assert_eq!(values(r#"6.image=["a, b.png", "c..d.png"]"#), "a, b.png c..d.png");
    assert_eq!(values("6.image=a..b.png"), "a..b.png");
}

#[test]
fn sweeps_without_sense_are_refused() {
    for (text, message) in [
        ("5.steps=4..1", "expected a rising range"),
        ("5.steps=1..4:0", "expected a rising range"),
        ("5.steps=1..x", "expected a rising range"),
        ("5.steps=1..99999999999999999999", "expected a rising range"),
        ("5.steps=1..100000", "found a sweep of 100000 runs, expected at most 10000"),
        ("5.eta=0..1:.00000000000000001", "runs, expected at most 10000"),
        ("5.steps=1,,2", "expected values with commas"),
        ("5.steps=", "expected values with commas"),
        ("5.steps=1,two", "found \"two\", expected a whole number"),
        ("5.stepz=1..4", "did you mean steps?"),
        ("sead=1..4", "did you mean seed?"),
    ] {
        let error = sweep(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn runs_are_all_combinations_the_last_one_fastest() {
    let parse = |text: &str| Sweep::parse(&document(), &catalogue(), text).unwrap();
    let all = runs(&[parse("5.steps=1..2"), parse("5.solver=ddim,euler")]).unwrap();
    let shown = all.iter().map(|run| {
        run.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            "5.steps=1 5.solver=ddim",
            "5.steps=1 5.solver=euler",
            "5.steps=2 5.solver=ddim",
            "5.steps=2 5.solver=euler",
        ]
    );
    assert_eq!(runs(&[]).unwrap(), [[]; 1]);
    let many = runs(&[parse("5.steps=1..1000"), parse("seed=1..11")]).unwrap_err();
    assert!(many.to_string().contains("a sweep of 11000 runs"), "{many}");
    let twice = runs(&[parse("5.steps=1..2"), parse("5.steps=3")]).unwrap_err();
    assert!(twice.to_string().contains("two sweeps of \"5.steps\""), "{twice}");
}

#[test]
fn two_sweeps_of_one_input_are_refused_whatever_their_names() {
    let parse = |text: &str| Sweep::parse(&document(), &catalogue(), text).unwrap();
    for names in [["5.seed", "Sample.seed"], ["seed", "5.seed"], ["Sample.seed", "seed"]] {
        let sweeps = names.map(|name| parse(&format!("{name}=1..2")));
        let error = runs(&sweeps).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidSetting);
        let found = format!("two sweeps of one input, as \"{}\" and \"{}\"", names[0], names[1]);
        assert_eq!(error.found, found);
    }
    assert_eq!(runs(&[parse("5.seed=1..2"), parse("Sample.steps=1..2")]).unwrap().len(), 4);
}

#[test]
fn of_two_settings_of_one_input_the_last_counts() {
    let mut document = document();
    for setting in ["5.seed=3", "Sample.seed=4", "seed=5"] {
        apply(&mut document, &catalogue(), setting).unwrap();
    }
    assert_eq!(document.to_value()["5"]["inputs"]["seed"], 5);
}

#[test]
fn names_may_hold_what_separates_them() {
    let graph = json!({
        "a.b": {"class_type": "Sampler", "inputs": {}, "_meta": {"title": "x"}},
        "a": {"class_type": "Sampler", "inputs": {}, "_meta": {"title": "a=b. c"}},
        "x.seed=1": {"class_type": "Sampler", "inputs": {}},
    });
    let set = |setting: &str| {
        let mut document = Document::parse(graph.to_string().as_bytes()).unwrap();
        let set = apply(&mut document, &catalogue(), setting).map(|()| document.to_value());
        let set = set.map_err(|error| error.to_string())?;
        let changed = set.as_object().unwrap().iter().find(|(_, node)| node["inputs"] != json!({}));
        let (id, node) = changed.unwrap();
        Ok::<_, String>(format!("{id} {}", node["inputs"]))
    };
    assert_eq!(set("a.b.seed=1").unwrap(), r#"a.b {"seed":1}"#);
    assert_eq!(set("a.seed=1").unwrap(), r#"a {"seed":1}"#);
    assert_eq!(set("a=b. c.seed=1").unwrap(), r#"a {"seed":1}"#);
    assert_eq!(set("x.seed=1").unwrap(), r#"a.b {"seed":1}"#);
    assert_eq!(set("x.seed=1.seed=2").unwrap(), r#"x.seed=1 {"seed":2}"#);
    assert!(set("x.seed=1.sead=2").unwrap_err().contains("did you mean seed?"));
    let said = set("seed=3").unwrap_err();
    let words = "the parameter \"seed\", which the graph lacks, expected node.input=value, the node \
        by its id or title; did you mean a.b.seed? [unknown_parameter]";
    assert!(said.ends_with(words), "{said}");
    assert!(set("sead=3").unwrap_err().contains("did you mean a.b.seed?"));
}

#[test]
fn lists_of_names_are_shared() {
    let node = json!({"class_type": "LoadImage", "inputs": {}});
    let graph = json!({ "1": node, "2": node });
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let all = settable(&document, &catalogue()).unwrap();
    let lists: Vec<_> = all.iter().filter(|one| one.input == "image").collect();
    assert!(Arc::ptr_eq(&lists[0].choices, &lists[1].choices));
    assert_eq!(serde_json::to_value(lists[0]).unwrap()["choices"].as_array().unwrap().len(), 30);
}

#[test]
fn parameter_files_hold_each_name_once() {
    assert_eq!(values(b"{\"seed\": 1}").unwrap()["seed"], 1);
    let code = |text: &str| values(text.as_bytes()).unwrap_err().code;
    assert_eq!(code(r#"{"seed": 1, "seed": 2}"#), ErrorCode::DuplicateKey);
    assert_eq!(code("[1]"), ErrorCode::InvalidSetting);
    assert_eq!(code("{"), ErrorCode::InvalidJson);
}

#[test]
fn file_names_hold_other_nodes_values() {
    let name = |prefix: &str| {
        let graph = json!({
            "5": {"class_type": "Sampler", "inputs": {"steps": 12, "solver": "a/b:c", "eta": ["9", 0]},
                  "_meta": {"title": "My. sampler"}},
            "6": {"class_type": "SaveImage", "inputs": {"filename_prefix": prefix}},
        });
        let mut document = Document::parse(graph.to_string().as_bytes()).unwrap();
        fill_file_names(&mut document, &catalogue());
        document.to_value()["6"]["inputs"]["filename_prefix"].as_str().unwrap().to_owned()
    };
    assert_eq!(name("plain"), "plain");
    assert_eq!(name("s%My. sampler.steps%-%Sampler.steps%"), "s12-12");
    assert_eq!(name("%Sampler.solver%/x"), "a_b_c/x");
    for kept in
        ["%date:yyyy%", "%Sampler.eta%", "%Nobody.steps%", "100%", "%%", "%Sampler.none% 5%"]
    {
        assert_eq!(name(kept), kept);
    }
    assert_eq!(name("50%%Sampler.steps%"), "50%12");
}

#[test]
fn file_names_do_not_grow_without_end() {
    let filled = |prefix: String| {
        let graph = json!({
            "1": {"class_type": "TextImage", "inputs": {"text": "x".repeat(1 << 20)},
                  "_meta": {"title": "A"}},
            "2": {"class_type": "SaveImage", "inputs": {"filename_prefix": prefix}},
        });
        let mut document = Document::parse(graph.to_string().as_bytes()).unwrap();
        fill_file_names(&mut document, &catalogue());
        document.to_value()["2"]["inputs"]["filename_prefix"].as_str().unwrap().to_owned()
    };
    assert_eq!(filled("%A.text%".into()), "x".repeat(200));
    let many = "%A.text%".repeat(1500);
    assert_eq!(filled(many.clone()), many);
}
