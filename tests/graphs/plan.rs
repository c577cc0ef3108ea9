//! What a plan says of passes and memory.

use amdm::catalogue::Catalogue;
use amdm::graph::{Document, Passes, Plan, Shapes, plan, validate};
use serde_json::{Value, json};

use crate::cases::catalogue;

/// Every model has latents of 4 x 8 x 8, each eight pixels wide.
struct Eight;

impl Shapes for Eight {
    fn latent(&self, _name: &str) -> Option<(Vec<u64>, u64)> {
        Some((vec![4, 8, 8], 8))
    }
}

/// `lanes` lanes over 10 steps with `operators` on the way, four images at once.
fn graph(lanes: usize, operators: &[(&str, Value)], all_lanes: bool) -> Value {
    let mut graph = json!({
        "m": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "b": {"class_type": "BoundingBox", "inputs": {}},
        "c": {"class_type": "TinyLayout", "inputs": {"model": ["m", 0], "boxes": ["b", 0]}},
        "e": {"class_type": "EmptyLatent", "inputs": {"model": ["m", 0], "batch_size": 4}},
        "s": {"class_type": "Sampler", "inputs": {"latent": ["e", 0], "steps": 10}},
        "d": {"class_type": "DecodeLatent",
              "inputs": {"model": ["m", 0], "latent": ["s", i32::from(all_lanes)]}},
        "o": {"class_type": "SaveImage", "inputs": {"images": ["d", 0]}},
    });
    for lane in 0..lanes {
        let mut inputs = json!({"model": ["m", 0], "positive": ["c", 0]});
        if lane > 0 {
            inputs["lanes"] = json!([format!("l{}", lane - 1), 0]);
        }
        graph[format!("l{lane}")] = json!({"class_type": "Lane", "inputs": inputs});
    }
    graph["s"]["inputs"]["lanes"] = json!([format!("l{}", lanes - 1), 0]);
    for (at, (class, inputs)) in operators.iter().enumerate() {
        let mut inputs = inputs.clone();
        if at > 0 {
            inputs["policy"] = json!([format!("p{}", at - 1), 0]);
        }
        graph[format!("p{at}")] = json!({"class_type": class, "inputs": inputs});
        graph["s"]["inputs"]["policy"] = json!([format!("p{at}"), 0]);
    }
    graph
}

fn planned(graph: &Value, shapes: &dyn Shapes) -> Plan {
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = validate(&document, &catalogue()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    plan(&checked, shapes)
}

fn passes(graph: &Value) -> Passes {
    planned(graph, &()).passes
}

#[test]
fn passes_follow_from_lanes_steps_and_windows() {
    let window = |start: f64, end: f64| ("AggregateStep", json!({"start": start, "end": end}));
    let refine = ("ManifoldRefine", json!({}));
    assert_eq!(passes(&graph(2, &[], false)), Passes::Exactly(10));
    assert_eq!(passes(&graph(3, &[], true)), Passes::Exactly(30));
    assert_eq!(passes(&graph(2, &[window(0.0, 0.5), refine], false)), Passes::Exactly(2 * 5 + 5));
    assert_eq!(passes(&graph(3, &[window(2.0, 4.0)], false)), Passes::Exactly(3 * 4 + 6));
    assert_eq!(passes(&graph(3, &[window(2.0, 4.0)], true)), Passes::Exactly(30));
    assert_eq!(passes(&graph(2, &[window(4.0, 4.0)], false)), Passes::Exactly(10));
    let handoff = ("AggregateStep", json!({"method": "handoff", "end": 0.5}));
    assert_eq!(passes(&graph(2, &[handoff], false)), Passes::Exactly(10));
    let mut short = graph(2, &[window(0.0, 1.0)], false);
    short["s"]["inputs"]["denoise"] = json!(0.35);
    assert_eq!(passes(&short), Passes::Exactly(2 * 4));
}

#[test]
fn what_links_decide_is_not_known() {
    let mut linked = graph(2, &[("AggregateStep", json!({}))], false);
    linked["n"] = json!({"class_type": "PrimitiveInt", "inputs": {"value": 4}});
    linked["s"]["inputs"]["steps"] = json!(["n", 0]);
    assert_eq!(passes(&linked), Passes::Unknown);
    let mut operator = graph(2, &[("AggregateStep", json!({}))], false);
    operator["n"] = json!({"class_type": "PrimitiveFloat", "inputs": {"value": 0.5}});
    operator["p0"]["inputs"]["end"] = json!(["n", 0]);
    assert_eq!(passes(&operator), Passes::AtMost(20));
}

#[test]
fn memory_is_what_is_alive_at_the_worst_moment() {
    // Four latents of 4 x 8 x 8 values: 4,096 bytes, ten times for each lane while sampling, beside
    // the start; four pictures of 64 x 64 beside the result.
    let memory = planned(&graph(2, &[], false), &Eight).memory;
    let pictures = 4 * 64 * 64 * 3 * 4;
    assert_eq!((memory.bytes, memory.at_least), (4096 + pictures, false));
    let many = planned(&graph(9, &[], false), &Eight).memory;
    assert_eq!(many.bytes, 4096 + 9 * 10 * 4096);
    let unknown = planned(&graph(2, &[], false), &()).memory;
    assert!(unknown.at_least);
}

/// Latents of sixteen frames.
struct Film;

impl Shapes for Film {
    fn latent(&self, _name: &str) -> Option<(Vec<u64>, u64)> {
        Some((vec![4, 16, 8, 8], 8))
    }
}

/// Latents that are no pictures count; the pictures that they decode to are not known.
#[test]
fn latents_of_any_rank_are_counted() {
    let memory = planned(&graph(2, &[], false), &Film).memory;
    let latents = planned(&graph(2, &[], false), &Eight).memory.bytes;
    assert!(memory.at_least && memory.bytes > latents, "{memory:?}");
}

/// A model whose latents have the sizes that a hostile file may claim.
struct Endless;

impl Shapes for Endless {
    fn latent(&self, _name: &str) -> Option<(Vec<u64>, u64)> {
        Some((vec![u64::MAX; 3], u64::MAX))
    }
}

#[test]
fn no_size_is_too_large_to_be_counted() {
    let memory = planned(&graph(9, &[], false), &Endless).memory;
    assert_eq!((memory.bytes, memory.at_least), (u64::MAX, false));
}

/// A prefix is a text like any other where the node is no output.
#[test]
fn only_outputs_write_files() {
    let text = std::fs::read_to_string(crate::cases::folder().join("catalogue.json")).unwrap();
    let mut nodes: Vec<Value> = serde_json::from_str(&text).unwrap();
    let save = nodes.iter().find(|node| node["type"] == "SaveImage").unwrap();
    let mut other = save.clone();
    other["type"] = "Renamed".into();
    other["output_node"] = false.into();
    other["outputs"] = json!([{"name": "image", "type": "IMAGE"}]);
    nodes.push(other);
    let catalogue = Catalogue::from_json(&json!(nodes).to_string()).unwrap();
    let mut graph = graph(1, &[], false);
    for (id, class, from) in
        [("r", "Renamed", "d"), ("v", "SaveImage", "r"), ("u", "SaveImage", "d")]
    {
        let inputs = json!({"images": [from, 0], "filename_prefix": id});
        graph[id] = json!({"class_type": class, "inputs": inputs});
    }
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = validate(&document, &catalogue).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let plan = plan(&checked, &Eight);
    let told = |id: &str| {
        let node = plan.nodes.iter().find(|node| node.node == id).unwrap();
        (node.writes.as_deref(), node.pixels)
    };
    assert_eq!(told("r"), (None, None));
    assert_eq!(told("v"), (Some("v"), None));
    assert_eq!(told("u"), (Some("u"), Some((64, 64))));
}
