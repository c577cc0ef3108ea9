//! What makes a result another one, and what does not.

use amdm_runtime::{CacheState, Inputs, ResultCache};
use serde_json::{Value, json};

use crate::stage::{graph, host, host_with, ran, run, run_with};

#[test]
fn an_identical_rerun_writes_again_and_computes_nothing() {
    let host = host(ResultCache::default());
    let (first, pictures) = run(&host, &graph());
    assert!(first.passes > 0);
    assert!(first.nodes.iter().all(|node| node.cached == CacheState::Ran));
    let (second, again) = run(&host, &graph());
    assert_eq!((second.passes, ran(&second)), (0, vec!["save"]));
    assert_eq!(
        second.nodes.iter().map(|node| &node.node[..]).collect::<Vec<_>>(),
        ["label", "save"]
    );
    assert!(pictures == again);
    assert_eq!(first.files[0].sha256, second.files[0].sha256);
}

#[test]
fn ids_titles_and_order_change_nothing() {
    let host = host(ResultCache::default());
    let (_, pictures) = run(&host, &graph());
    let graph = graph();
    let mut renamed = serde_json::Map::new();
    for (id, node) in graph.as_object().unwrap().iter().rev() {
        let mut node = node.clone();
        node["_meta"] = json!({"title": format!("My {id}")});
        for input in node["inputs"].as_object_mut().unwrap().values_mut() {
            if let Some(link) = input.as_array_mut() {
                link[0] = format!("{}!", link[0].as_str().unwrap()).into();
            }
        }
        renamed.insert(format!("{id}!"), node);
    }
    let (outcome, again) = run(&host, &Value::Object(renamed));
    assert_eq!((outcome.passes, ran(&outcome)), (0, vec!["save!"]));
    assert!(pictures == again);
}

/// After a change, exactly what is behind it runs.
#[test]
fn a_change_runs_what_is_behind_it() {
    let sampled = ["decode", "label", "sample", "save"];
    let cases: [(&str, &str, Value, &[&str]); 6] = [
        ("save", "filename_prefix", json!("other"), &["save"]),
        ("label", "text", json!("b"), &["label", "save"]),
        ("sample", "seed", json!(4), &sampled),
        ("merge", "weight", json!(0.7), &sampled),
        ("what", "style", json!("flat"), &sampled),
        ("sample", "target", json!(1), &sampled),
    ];
    for (node, input, value, expected) in cases {
        let host = host(ResultCache::default());
        let (_, before) = run(&host, &graph());
        let mut changed = graph();
        changed[node]["inputs"][input] = value;
        let (outcome, after) = run(&host, &changed);
        let ran = ran(&outcome);
        assert!(expected.iter().all(|id| ran.contains(id)), "{node}.{input}: {ran:?}");
        for kept in ["decode", "sample", "label"].iter().filter(|id| !expected.contains(id)) {
            assert!(!ran.contains(kept), "{node}.{input}: {ran:?}");
        }
        assert_eq!(before == after, node == "save", "{node}.{input}");
        // The cached picture is the one that a host without a cache makes.
        assert!(run(&crate::stage::host(ResultCache::off()), &changed).1 == after);
    }
}

#[test]
fn a_slot_is_part_of_a_link() {
    let host = host(ResultCache::default());
    run(&host, &graph());
    let mut all = graph();
    all["decode"]["inputs"]["latent"] = json!(["sample", 1]);
    let (outcome, pictures) = run(&host, &all);
    // The kept result has no second output, so the sampler runs once more.
    assert!(ran(&outcome).contains(&"sample"));
    assert_eq!(pictures.len(), 2);
    let (outcome, _) = run(&host, &all);
    assert_eq!(outcome.passes, 0);
    // The result with both outputs serves the first graph as well.
    assert_eq!(run(&host, &graph()).0.passes, 0);
}

#[test]
fn the_content_of_files_counts() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(ResultCache::default());
    let word = |text: &str| {
        let make = json!({
            "t": {"class_type": "TextImage", "inputs": {"text": text, "width": 40}},
            "s": {"class_type": "SaveImage", "inputs": {"images": ["t", 0]}}});
        run(&host, &make).1.remove(0)
    };
    let load = json!({
        "l": {"class_type": "LoadImage", "inputs": {"image": "p.png"}},
        "x": {"class_type": "ImageScaleBy", "inputs": {"image": ["l", 0], "scale_by": 2}},
        "s": {"class_type": "SaveImage", "inputs": {"images": ["x", 0]}}});
    let load = || run_with(&host, &load, Inputs::new(Some(dir.path().into())));
    std::fs::write(dir.path().join("p.png"), word("one")).unwrap();
    let (_, first) = load();
    assert_eq!(ran(&load().0), ["s"]);
    std::fs::write(dir.path().join("p.png"), word("two")).unwrap();
    let (outcome, second) = load();
    assert_eq!(ran(&outcome), ["l", "s", "x"]);
    assert!(first != second);
    std::fs::write(dir.path().join("p.png"), word("one")).unwrap();
    let (outcome, third) = load();
    assert_eq!(ran(&outcome), ["s"]);
    assert!(first == third);
}

#[test]
fn the_content_of_weight_files_counts() {
    let weights = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../diffusion/weights");
    let dir = tempfile::tempdir().unwrap();
    let mine = dir.path().join("mine.safetensors");
    std::fs::copy(weights.join("layout.f16.safetensors"), &mine).unwrap();
    let host = host_with(ResultCache::default(), &[dir.path().into()]);
    let mut graph = graph();
    graph["layout"]["inputs"] = json!({"model_name": "mine.safetensors", "family": "tiny-layout"});
    run(&host, &graph);
    assert_eq!(run(&host, &graph).0.passes, 0);
    // Other weights of the same shapes: the networks differ in their values only.
    std::fs::copy(weights.join("style.f16.safetensors"), &mine).unwrap();
    assert!(run(&host, &graph).0.passes > 0);
}

#[test]
fn a_budget_of_nothing_keeps_nothing() {
    let host = host(ResultCache::off());
    run(&host, &graph());
    assert!(run(&host, &graph()).0.passes > 0);
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    // A picture of 200 x 100 in float32 has 240,000 bytes: three fit.
    let host = host(ResultCache { memory_bytes: 800_000, ..ResultCache::default() });
    let picture = |text: &str| {
        json!({"t": {"class_type": "TextImage", "inputs": {"text": text, "width": 200, "height": 100}},
               "s": {"class_type": "SaveImage", "inputs": {"images": ["t", 0]}}})
    };
    let is_kept = |text: &str| !ran(&run(&host, &picture(text)).0).contains(&"t");
    for text in ["a", "b", "c"] {
        assert!(!is_kept(text));
    }
    assert!(is_kept("a"));
    assert!(!is_kept("d"));
    assert!(is_kept("a") && is_kept("c") && is_kept("d"));
    assert!(!is_kept("b"));
}

#[test]
fn runs_side_by_side_share_what_is_kept() {
    let host = host(ResultCache::default());
    let (_, expected) = run(&host, &graph());
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| run(&host, &graph()))).collect();
        for run in runs {
            let (outcome, pictures) = run.join().unwrap();
            assert_eq!(outcome.passes, 0);
            assert!(pictures == expected);
        }
    });
}
