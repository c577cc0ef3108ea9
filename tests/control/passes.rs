//! Network passes are those that the algorithm needs: every lane up to the end of the last window,
//! then only the lanes whose results are wanted.

use serde_json::{Value, json};

use crate::graph::{Graph, host};
use crate::render::Image;
use crate::scene::Scenes;

/// Passes of a graph of two lanes and 50 steps, and its pictures.
fn run(operators: &[(&str, Value)], latents: &[(&str, u32)]) -> (u64, Vec<Image>) {
    let scene = Scenes::new(5).with_one_object();
    let mut graph = Graph::lanes(&scene.objects[0], [6.0; 2]);
    let policy = graph.chain(operators);
    graph.sampler("sample", policy.as_deref(), 0, 1, 50);
    graph.save(latents);
    let dir = tempfile::tempdir().unwrap();
    let (outcome, images) = graph.run(&host(), dir.path());
    (outcome.passes, images)
}

fn window(method: &str, start: u32, end: u32) -> Vec<(&'static str, Value)> {
    vec![("AggregateStep", json!({"method": method, "start": start, "end": end}))]
}

#[test]
fn lanes_stop_after_the_window_unless_wanted() {
    let (alone, _) = run(&[], &[("sample", 0)]);
    assert_eq!(alone, 50);
    let (early, target) = run(&window("slerp", 1, 8), &[("sample", 0)]);
    assert_eq!(early, 8 * 2 + 42);
    let (all, both) = run(&window("slerp", 1, 8), &[("sample", 1)]);
    assert_eq!(all, 100);
    assert_eq!(target[0], both[0], "the target's image depends on which lanes run on");
    assert_ne!(both[0], both[1]);
}

#[test]
fn one_network_runs_at_a_time_in_a_handoff() {
    let (passes, _) = run(&window("handoff", 0, 8), &[("sample", 0)]);
    assert_eq!(passes, 50);
}

#[test]
fn refinement_costs_no_pass() {
    let mut operators = window("slerp", 1, 8);
    operators.push(("ManifoldRefine", json!({"mode": "radius"})));
    let (passes, _) = run(&operators, &[("sample", 0)]);
    assert_eq!(passes, 58);
}

#[test]
fn composition_needs_no_pass_more_than_merging() {
    let (passes, _) = run(&window("compose", 1, 8), &[("sample", 0)]);
    assert_eq!(passes, 58);
}
