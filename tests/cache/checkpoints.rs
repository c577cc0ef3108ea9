//! Samplings that were broken off: the next run goes on, and nobody can tell by the result.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use amdm::graph::Document;
use amdm_runtime::{Cancel, Event, ResultCache};
use serde_json::{Value, json};

use crate::scene::{Place, Ran, disk, graph, host, once};

/// Twelve steps with a refinement in the chain, of this much.
fn long(change: impl Fn(&mut Value)) -> Value {
    let mut graph = graph();
    graph["refine"] = json!({"class_type": "ManifoldRefine", "inputs": {"policy": ["merge", 0]}});
    graph["sample"]["inputs"]["policy"] = json!(["refine", 0]);
    graph["sample"]["inputs"]["steps"] = json!(12);
    change(&mut graph);
    graph
}

/// With a checkpoint after every step.
fn eager(dir: &Path) -> ResultCache {
    ResultCache { checkpoints: Duration::ZERO, ..disk(dir) }
}

/// Runs until `steps` of the sampling are done; gives how many files the cache then has.
fn broken_off(results: ResultCache, graph: &Value, steps: u32) -> usize {
    let dir = results.dir.clone().unwrap();
    let (host, place, cancel) = (host(results), Place::new(), Cancel::new());
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, place.options().inputs).unwrap();
    let stop = cancel.clone();
    // The checkpoint of a step is kept after its progress, so the next one's stops it.
    let sink = Arc::new(move |event| match event {
        Event::Progress { step, .. } if step == steps + 1 => stop.stop(),
        _ => {}
    });
    host.run(&document, &checked, &place.options(), &cancel, sink).unwrap_err();
    entries(&dir).len()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let list = |dir: &Path| std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    list(&dir.join("results")).flat_map(|folder| list(&folder).collect::<Vec<_>>()).collect()
}

fn resumed(ran: &Ran) -> bool {
    let events = ran.events.iter().filter(|event| matches!(event, Event::Resumed { .. })).count();
    let nodes = ran.outcome.nodes.iter().filter(|node| node.resumed).count();
    assert_eq!(events, nodes);
    nodes > 0
}

/// Where the reported steps of the sampling begin.
fn first_step(ran: &Ran) -> u32 {
    let steps = ran.events.iter().filter_map(|event| match event {
        Event::Progress { step, .. } => Some(*step),
        _ => None,
    });
    steps.min().unwrap()
}

#[test]
fn the_result_is_that_of_a_run_in_one_piece() {
    let set = |solver: &'static str, eta: f64, end: f64| {
        move |graph: &mut Value| {
            graph["sample"]["inputs"]["solver"] = json!(solver);
            graph["sample"]["inputs"]["eta"] = json!(eta);
            graph["merge"]["inputs"]["end"] = json!(end);
        }
    };
    let whole = |graph: &mut Value| graph["merge"]["inputs"]["guidance_after"] = json!(2.5);
    let hand = |graph: &mut Value| graph["merge"]["inputs"]["method"] = json!("handoff");
    let both = |graph: &mut Value| {
        graph["decode"]["inputs"]["latent"] = json!(["sample", 1]);
        graph["sample"]["inputs"]["denoise"] = json!(0.8);
    };
    // Streams of noise that begin elsewhere: a checkpoint draws them again up to where it stands.
    let noisy = |start: &'static str, step_noise: &'static str, given: bool| {
        move |graph: &mut Value| {
            let inputs = &mut graph["sample"]["inputs"];
            inputs["solver"] = json!("euler-ancestral");
            inputs["start"] = json!(start);
            inputs["step_noise"] = json!(step_noise);
            if given {
                inputs["noise"] = inputs["latent"].clone();
            }
        }
    };
    let graphs = [
        long(noisy("add", "own-seed", false)),
        long(noisy("add", "restart", true)),
        long(noisy("noise", "continue", true)),
        long(noisy("given", "continue", false)),
        long(set("ddim", 0.0, 0.65)),
        long(set("ddim", 1.0, 0.65)),
        long(set("euler-ancestral", 1.0, 1.0)),
        long(set("dpmpp-2m", 0.0, 0.3)),
        long(set("dpmpp-2m", 0.0, 1.0)),
        long(whole),
        long(hand),
        long(both),
    ];
    for (index, graph) in graphs.iter().enumerate() {
        let expected = once(&host(ResultCache::off()), graph);
        for steps in [1, 4, 8] {
            let dir = tempfile::tempdir().unwrap();
            let kept = broken_off(eager(dir.path()), graph, steps);
            let ran = once(&host(eager(dir.path())), graph);
            assert!(resumed(&ran), "graph {index} after {steps} steps");
            assert_eq!(first_step(&ran), steps + 1);
            assert!(ran.outcome.passes < expected.outcome.passes);
            assert_eq!(ran.pictures, expected.pictures, "graph {index} after {steps} steps");
            // The checkpoint made room for what became of it.
            let now = entries(dir.path()).len();
            let results = ran.outcome.nodes.len();
            assert!(now < kept + results && !resumed(&once(&host(eager(dir.path())), graph)));
        }
    }
}

#[test]
fn nothing_is_kept_of_another_sampling() {
    let dir = tempfile::tempdir().unwrap();
    let graph = long(|_| {});
    broken_off(eager(dir.path()), &graph, 5);
    let others: [&dyn Fn(&mut Value); 4] = [
        &|graph| graph["sample"]["inputs"]["seed"] = json!(8),
        &|graph| graph["merge"]["inputs"]["weight"] = json!(0.81),
        &|graph| graph["sample"]["inputs"]["steps"] = json!(13),
        // The lanes that are not the target's end otherwise.
        &|graph| graph["decode"]["inputs"]["latent"] = json!(["sample", 1]),
    ];
    for change in others {
        let other = long(change);
        let ran = once(&host(disk(dir.path())), &other);
        assert!(!resumed(&ran));
        assert_eq!(ran.pictures, once(&host(ResultCache::off()), &other).pictures);
    }
}

#[test]
fn a_damaged_checkpoint_is_no_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let graph = long(|_| {});
    broken_off(eager(dir.path()), &graph, 5);
    for path in entries(dir.path()) {
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let ran = once(&host(disk(dir.path())), &graph);
    assert!(!resumed(&ran));
    assert_eq!(ran.pictures, once(&host(ResultCache::off()), &graph).pictures);
}

#[test]
fn a_short_sampling_keeps_none() {
    let (kept, eagerly) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let graph = long(|_| {});
    let plain = broken_off(disk(kept.path()), &graph, 5);
    assert_eq!(plain + 1, broken_off(eager(eagerly.path()), &graph, 5));
    assert!(!resumed(&once(&host(disk(kept.path())), &graph)));
}
