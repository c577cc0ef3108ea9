//! What bypassed nodes give on.

use super::{file, inputs, node, with};
use serde_json::{Value, json};

fn bypassed(id: u64, class: &str, inputs: &[&str]) -> Value {
    with(node(id, class, inputs, json!([])), "mode", json!(4))
}

/// Nodes 1 (picture) and 2 (number) into a bypassed node 5, of which output `slot` goes on to input
/// `target` of node 6.
fn through(middle: Value, slot: u64, end: Value) -> Value {
    let nodes = vec![
        node(1, "LoadImage", &[], json!(["b.png", "image"])),
        node(2, "AmdmFloat", &[], json!([1])),
        middle,
        end,
    ];
    let links = json!([
        [1, 1, 0, 5, 0, "IMAGE"],
        [2, 1, 1, 5, 1, "MASK"],
        [3, 2, 0, 5, 2, "FLOAT"],
        [9, 5, slot, 6, 0, "*"]
    ]);
    inputs(&file(nodes, links), "6")
}

fn image() -> Value {
    node(6, "Show", &["image:IMAGE=9"], json!(["own"]))
}

#[test]
fn the_same_place_comes_first() {
    let merge = || bypassed(5, "AmdmMerge", &["image2:IMAGE=1", "image1:IMAGE"]);
    // The first input is there, but unlinked: nothing comes, though the second would fit.
    assert_eq!(through(merge(), 0, image()), json!({ "text": "own" }));
    let merge = bypassed(5, "AmdmMerge", &["image2:IMAGE=2", "image1:IMAGE=1"]);
    assert_eq!(through(merge, 0, image()), json!({ "text": "own", "image": ["1", 0] }));
}

#[test]
fn then_the_wanted_type_then_what_fits() {
    // Output 0 is IMAGE; of the inputs "FLOAT,MASK", "image", "IMAGE" the last is exactly that.
    let two = bypassed(5, "Two", &["b:image=2", "c:IMAGE=1"]);
    assert_eq!(through(two, 0, image())["image"], json!(["1", 0]));
    // Output 1 is FLOAT; only the first input fits, as one of its list.
    let two = bypassed(5, "Two", &["a:x=3", "b:image=1"]);
    let number = node(6, "Forced", &["value:FLOAT=9"], json!([]));
    assert_eq!(through(two, 1, number), json!({ "value": ["2", 0] }));
    let pass = bypassed(5, "AmdmFloat", &["value:FLOAT=3"]);
    assert_eq!(through(pass, 0, image()), json!({ "text": "own" }));
}

#[test]
fn unlinked_widgets_count_though_the_file_leaves_them_out() {
    // Sockets: model, clip, then those of the widgets; output 0 is IMAGE, model no match, and an
    // input of the file that the description does not know comes last.
    let sampler = bypassed(5, "AmdmSampler", &["extra:IMAGE=1", "model:MODEL"]);
    assert_eq!(through(sampler, 0, image())["image"], json!(["1", 0]));
    // Wanted is anything: the same place, which is the model's.
    let open = node(6, "Pass", &["any:*=9"], json!([]));
    let sampler = bypassed(5, "AmdmSampler", &["extra:IMAGE=1", "model:MODEL"]);
    assert_eq!(through(sampler, 0, open), json!({}));
    let open = node(6, "Pass", &["any:*=9"], json!([]));
    let beyond = bypassed(5, "AmdmMerge", &["image1:IMAGE=1"]);
    assert_eq!(through(beyond, 77, open), json!({ "any": ["1", 0] }));
}

#[test]
fn a_second_bypass_wants_the_type_of_the_firsts_input() {
    let nodes = vec![
        node(1, "LoadImage", &[], json!(["b.png", "image"])),
        bypassed(4, "Pass", &["any:*", "mask:MASK=2", "image:IMAGE=1"]),
        bypassed(5, "Pass", &["any:*=4", "mask:MASK"]),
        node(6, "Show", &["image:IMAGE=5"], json!(["own"])),
        node(7, "Reroute", &[":*=6"], Value::Null),
        node(8, "Show", &["image:IMAGE=7"], json!(["own"])),
    ];
    let links = json!([
        [1, 1, 0, 4, 2, "IMAGE"],
        [2, 1, 1, 4, 1, "MASK"],
        [4, 4, 0, 5, 0, "*"],
        [5, 5, 0, 6, 0, "IMAGE"],
        [6, 4, 2, 7, 0, "*"],
        [7, 7, 0, 8, 0, "*"]
    ]);
    let file = file(nodes, links);
    // Node 5 gives on its open input, so node 4 gives on its first, which is unlinked.
    assert_eq!(inputs(&file, "6"), json!({ "text": "own" }));
    // Through a reroute the type stays IMAGE.
    assert_eq!(inputs(&file, "8"), json!({ "text": "own", "image": ["1", 0] }));
}

#[test]
fn bypassed_nodes_of_unknown_types_pass_what_the_file_lists() {
    let unknown = bypassed(5, "Gone", &["m:MASK=2", "i:IMAGE=1"]);
    let unknown = with(unknown, "outputs", json!([{ "name": "x", "type": "IMAGE" }]));
    assert_eq!(through(unknown, 0, image())["image"], json!(["1", 0]));
}
