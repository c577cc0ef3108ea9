//! What a result is known by, and what not.

use amdm_runtime::CacheState;
use serde_json::{Value, json};

use crate::scene::{Place, graph, host, memory, once, with};

#[test]
fn an_identical_run_computes_nothing_and_writes_a_new_file() {
    let (host, place) = (host(memory()), Place::new());
    let first = place.run(&host, &graph());
    assert!(first.outcome.passes > 0 && first.outcome.cached() == 0);
    let again = place.run(&host, &graph());
    assert!(again.is_cached());
    assert_eq!(first.pictures, again.pictures);
    let names = [&first.names[0], &again.names[0]].map(String::as_str);
    assert_eq!(names, ["picture_00001_.png", "picture_00002_.png"]);
    // The label is all that the saving node asks for.
    assert_eq!(again.classes(CacheState::Memory), ["ImageLabel"]);
    assert_eq!(again.classes(CacheState::Ran), ["SaveImage"]);
}

#[test]
fn ids_titles_and_order_mean_nothing() {
    let host = host(memory());
    let first = once(&host, &graph());
    let renamed = graph().to_string();
    let renamed = ["layout", "sample", "first"].iter().fold(renamed, |text, id| {
        text.replace(&format!("{id:?}:{{"), &format!("\"x {id}\":{{"))
            .replace(&format!("[{id:?},"), &format!("[\"x {id}\","))
    });
    let renamed: Value = serde_json::from_str(&renamed).unwrap();
    let mut reversed = serde_json::Map::new();
    for (id, node) in renamed.as_object().unwrap().iter().rev() {
        let mut node = node.clone();
        let inputs = node["inputs"].as_object().unwrap().clone();
        node["inputs"] = Value::Object(inputs.into_iter().rev().collect());
        node["_meta"] = json!({"title": format!("title of {id}")});
        reversed.insert(id.clone(), node);
    }
    assert!(reversed.contains_key("x sample"));
    let again = once(&host, &reversed.into());
    assert!(again.is_cached());
    assert_eq!(first.pictures, again.pictures);
}

#[test]
fn a_default_is_the_same_whether_or_not_it_is_written() {
    let host = host(memory());
    once(&host, &graph());
    assert!(once(&host, &with("sample", "denoise", 1.0.into())).is_cached());
}

#[test]
fn every_constant_counts() {
    let host = host(memory());
    once(&host, &graph());
    let changes = [
        ("sample", "seed", json!(8)),
        ("sample", "steps", json!(4)),
        ("sample", "eta", json!(0.5)),
        ("sample", "solver", json!("euler")),
        ("merge", "weight", json!(0.7)),
        ("merge", "method", json!("linear")),
        ("box", "left", json!(0.3)),
        ("first", "guidance", json!(2.5)),
    ];
    for (node, input, value) in changes {
        let changed = once(&host, &with(node, input, value));
        assert!(changed.outcome.passes > 0, "{node}.{input}");
        assert!(once(&host, &graph()).is_cached());
    }
}

#[test]
fn the_slot_of_a_link_counts() {
    let host = host(memory());
    let one = once(&host, &graph());
    let other = once(&host, &with("decode", "latent", json!(["sample", 1])));
    // The other output is wanted now, so the sampler runs again.
    assert!(other.outcome.passes > 0);
    assert_ne!(one.pictures, other.pictures);
    // It has both now.
    assert!(once(&host, &graph()).is_cached());
    assert!(once(&host, &with("decode", "latent", json!(["sample", 1]))).is_cached());
}

#[test]
fn only_what_is_behind_a_change_runs() {
    let host = host(memory());
    once(&host, &graph());
    let named = once(&host, &with("save", "filename_prefix", "other".into()));
    assert_eq!(named.classes(CacheState::Ran), ["SaveImage"]);
    assert_eq!(named.names, ["other_00001_.png"]);
    let labelled = once(&host, &with("label", "text", "two".into()));
    assert_eq!(labelled.classes(CacheState::Ran), ["ImageLabel", "SaveImage"]);
    assert_eq!(labelled.classes(CacheState::Memory), ["DecodeLatent"]);
    let seeded = once(&host, &with("sample", "seed", 9.into()));
    let ran = ["AggregateStep", "Sampler", "DecodeLatent", "ImageLabel", "SaveImage"];
    assert_eq!(seeded.classes(CacheState::Ran), ran);
    // Neither the first lane nor what it stands on: the sampler asks for the chain alone.
    let kept = seeded.classes(CacheState::Memory);
    assert_eq!(kept, ["ModelLoader", "Lane", "EmptyLatent"]);
}
