//! Which saved value goes to which widget, and what widgets have without one.

use super::{file, graph, info, inputs, node, warnings, with};
use amdm::graph::workflow;
use serde_json::{Value, json};

/// The inputs that a single node gets from its values.
fn alone(class: &str, values: Value) -> Value {
    inputs(&file(vec![node(1, class, &[], values)], json!([])), "1")
}

#[test]
fn controls_hold_places() {
    let values =
        json!([1, "fixed", 2, "randomize", 3, 4, 0.5, "increment", "b", "fixed", "x", "end"]);
    let expected = json!({ "seed": 1, "noise_seed": 2, "other": 3, "plain": 4, "scale": 0.5,
        "pick": "b", "last": "end" });
    assert_eq!(alone("Seeds", values), expected);
    assert_eq!(alone("Quiet", json!([5, 6])), json!({ "seed": 5, "b": 6 }));
}

#[test]
fn upload_buttons_stand_after_the_widgets() {
    assert_eq!(alone("LoadImage", json!(["b.png", "image"])), json!({ "image": "b.png" }));
    let expected = json!({ "image": "x.png", "n": 7, "o": 8 });
    assert_eq!(alone("Upload", json!(["x.png", 7, 8, "image"])), expected);
    let mut entry: Value = json!({ "Upload": {
        "input": { "required": { "image": [["a.png"], { "image_upload": true }], "n": ["INT"] },
            "optional": { "o": ["INT"] } } } });
    let unordered = amdm::graph::comfy::ObjectInfo::from_value(entry.take()).unwrap();
    let file = file(vec![node(1, "Upload", &[], json!(["x.png", 7, "image", 8]))], json!([]));
    let graph = workflow::convert(&file, &unordered).unwrap().graph;
    assert_eq!(graph["1"]["inputs"], expected);
}

#[test]
fn defaults_where_none_is_declared() {
    let expected = json!({ "i": 0, "f": 0.0, "s": "", "b": false, "c": "first", "d": "x",
        "m": { "__value__": [] } });
    assert_eq!(alone("Bare", json!([])), expected);
}

#[test]
fn unknown_choices_and_numbers_out_of_range_stay() {
    let file = file(vec![node(1, "AmdmImageFilter", &[], json!([99, "melt"]))], json!([]));
    assert_eq!(inputs(&file, "1"), json!({ "amount": 99, "mode": "melt" }));
    let expected = "node 1 \"AMDM Image Filter\" (AmdmImageFilter), input mode: found \"melt\", \
        expected one of 2 choices [value_not_in_list]";
    assert_eq!(warnings(&file)[0], expected);
}

#[test]
fn dummies_of_very_old_files_are_dropped() {
    let merge = |values: Value| alone("AmdmMerge", values);
    assert_eq!(merge(json!([0.7, "lab", 8])), json!({ "label": "lab", "count": 8 }));
    assert_eq!(merge(json!(["lab", 8])), json!({ "label": "lab", "count": 8 }));
    assert_eq!(merge(json!(["lab"])), json!({ "label": "lab", "count": 3 }));
    let file = file(vec![node(1, "AmdmMerge", &[], json!([0.7, "lab", 8]))], json!([]));
    assert!(!warnings(&file).iter().any(|text| text.contains("widget_values")));
}

#[test]
fn sockets_and_widgets_follow_the_options() {
    assert_eq!(alone("Sockets", json!(["text", 5, 9])), json!({ "w": "text", "n": 5, "z": 9 }));
    assert_eq!(alone("Sockets", json!([])), json!({ "w": "", "n": 4, "z": 6 }));
    // With the dummy of the input that says defaultInput.
    assert_eq!(alone("Sockets", json!(["t", 5, 0, 9])), json!({ "w": "t", "n": 5, "z": 9 }));
}

#[test]
fn options_of_dynamic_combos_follow_them() {
    let nested = |values: Value| alone("Nested", values);
    let whole = json!({ "mode": "a", "mode.sub": "q", "mode.sub.x": 8, "after": 2 });
    assert_eq!(nested(json!(["a", "q", 8, 2])), whole);
    assert_eq!(nested(json!(["a", "p", 2])), json!({ "mode": "a", "mode.sub": "p", "after": 2 }));
    assert_eq!(nested(json!(["b", 2])), json!({ "mode": "b", "after": 2 }));
    assert_eq!(nested(json!([])), json!({ "mode": "a", "mode.sub": "p", "after": 1 }));
    assert_eq!(alone("AmdmDyn", json!(["none", 7])), json!({ "method": "none", "after": 7 }));
}

#[test]
fn groups_of_widgets_have_as_many_as_are_saved() {
    // As many as always, as the file lists, and, of a single group, as there are values for.
    let always = json!({ "before": 2, "weights.w0": 0.25, "after": 3 });
    assert_eq!(alone("Weights", json!([2, 0.25, 3])), always);
    let listed = |inputs: &[&str], values: Value| {
        let saved = file(vec![node(1, "Weights", inputs, values)], json!([]));
        super::inputs(&saved, "1")
    };
    let sockets = ["weights.w1:FLOAT", "names.one:STRING"];
    let whole = json!({ "before": 2, "weights.w0": 0.25, "weights.w1": 0.75, "names.one": "n",
        "after": 3 });
    assert_eq!(listed(&sockets, json!([2, 0.25, 0.75, "n", 3])), whole);
    let defaults = json!({ "before": 1, "weights.w0": 0.5, "weights.w1": 0.5, "names.one": "x",
        "after": 9 });
    assert_eq!(listed(&sockets, json!([])), defaults);
    let grown = |values: Value| alone("Grow", values);
    assert_eq!(grown(json!([0.25, 3])), json!({ "weights.w0": 0.25, "after": 3 }));
    let three = json!({ "weights.w0": 0.1, "weights.w1": 0.2, "weights.w2": 0.3, "after": 3 });
    assert_eq!(grown(json!([0.1, 0.2, 0.3, 3])), three);
    // More than there may be: as it is without growing.
    let many = json!([0.1, 0.2, 0.3, 0.4, 0.5, 6]);
    assert_eq!(grown(many)["after"], 0.2);
    let linked = vec![
        node(1, "Grow", &["weights.w1:FLOAT=1"], json!([0.1, 0.2, 3])),
        node(2, "AmdmFloat", &[], json!([1])),
    ];
    let linked = inputs(&file(linked, json!([[1, 2, 0, 1, 1, "FLOAT"]])), "1");
    assert_eq!(linked, json!({ "weights.w0": 0.1, "weights.w1": ["2", 0], "after": 3 }));
}

#[test]
fn only_dummies_are_taken_for_dummies() {
    // As many values as a very old file has, but the node has no input with a dummy.
    let named = json!({ "seed": 5, "noise_seed": 6, "other": 7, "plain": 8, "scale": 0.5,
        "pick": "b", "last": "named" });
    let values = json!([1, 2, 3, 4, 0.5, "increment", "b", "fixed", "end"]);
    let seeds = node(1, "Seeds", &[], values);
    let plain = file(vec![seeds.clone()], json!([]));
    assert!(warnings(&plain)[0].contains("found 9 saved values, expected 12"));
    let saved = file(vec![with(seeds, "widgets_values_named", named.clone())], json!([]));
    assert_eq!(inputs(&saved, "1"), named);
}

#[test]
fn lists_travel_wrapped() {
    let curve = alone("Curves", json!([[[0, 0], [1, 1]], 3]));
    let marked = json!({ "__type__": "CURVE", "__value__": [[0, 0], [1, 1]] });
    assert_eq!(curve, json!({ "curve": marked, "n": 3 }));
}

#[test]
fn names_count_only_where_positions_do_not_fit() {
    let sampler = |values: Value| {
        let named = json!({ "prompt": "named", "seed": 5, "steps": 2, "unknown": 1 });
        let node = with(node(1, "AmdmSampler", &[], values), "widgets_values_named", named);
        let file = file(vec![node], json!([]));
        (inputs(&file, "1"), warnings(&file).join("\n"))
    };
    let (fitting, said) = sampler(json!(["hello", 42, "fixed", 9, 3.5, true, 0.25]));
    assert_eq!(fitting["prompt"], "hello");
    assert!(!said.contains("widget_values"), "{said}");
    for values in [json!(["hello", 42]), Value::Null, json!({ "prompt": "object" })] {
        let (named, said) = sampler(values);
        assert_eq!(
            named,
            json!({ "prompt": "named", "seed": 5, "steps": 2, "cfg": 7.5,
            "tiled": false, "strength": 1.0 })
        );
        assert!(said.contains("those saved by name are used [widget_values]"), "{said}");
    }
}

#[test]
fn texts_that_editors_draw_or_fill_in_stay() {
    let sampler = node(1, "AmdmSampler", &[], json!(["{a|b} cat", 1, "randomize", 4, 7, false, 1]));
    let save = node(2, "SaveImage", &[], json!(["%date:yyyy-MM-dd%/%Sampler.seed%"]));
    let graph = graph(&file(vec![sampler, save], json!([])));
    assert_eq!(graph["1"]["inputs"]["prompt"], "{a|b} cat");
    assert_eq!(graph["1"]["inputs"]["seed"], 1);
    assert_eq!(graph["2"]["inputs"]["filename_prefix"], "%date:yyyy-MM-dd%/%Sampler.seed%");
}

#[test]
fn titles_and_packages_are_kept() {
    let own = with(node(1, "AmdmFloat", &[], json!([1])), "title", json!("Mine"));
    let own = with(own, "properties", json!({ "cnr_id": "amdm", "ver": "0.1.0", "aux_id": 3 }));
    let graph = graph(&file(vec![own, node(2, "AmdmFloat", &[], json!([1]))], json!([])));
    assert_eq!(graph["1"]["_meta"], json!({ "title": "Mine", "cnr_id": "amdm", "ver": "0.1.0" }));
    assert_eq!(graph["2"]["_meta"], json!({ "title": "AMDM Float" }));
    assert!(info().find("AmdmFloat").is_some());
}
