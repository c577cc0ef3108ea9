//! Graphs that are wrong, through the command line: all of what is wrong, where, and what would be
//! right; nothing ran.

use serde_json::{Value, json};

use crate::command::Scene;
use crate::stage::leftovers;

/// A good graph of two lanes, merged and refined.
pub fn good() -> Value {
    let mut graph = crate::stage::sampling(4, 1);
    graph.as_object_mut().unwrap().remove("bad");
    graph["merge"] = json!({"class_type": "AggregateStep", "inputs": {}});
    graph["refine"] = json!({"class_type": "ManifoldRefine", "inputs": {"policy": ["merge", 0]}});
    graph["sample"]["inputs"]["policy"] = json!(["refine", 0]);
    graph
}

/// The good graph with one input changed.
pub fn with(node: &str, input: &str, value: Value) -> Value {
    let mut graph = good();
    graph[node]["inputs"][input] = value;
    graph
}

/// Runs a graph that must end with `code` and exactly these errors, and write nothing.
#[track_caller]
fn ends(graph: &Value, code: i32, error: &str) {
    let scene = Scene::new(graph);
    let ended = scene.run(&[]);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    let errors = ended.stderr.lines().filter_map(|line| line.strip_prefix("error: "));
    assert_eq!(errors.collect::<Vec<_>>(), [error]);
    assert_eq!(ended.stderr.contains("nothing ran"), code == 3);
    assert_eq!(ended.stdout, "");
    assert_eq!(leftovers(&scene.out()), [""; 0]);
}

#[test]
fn the_graph_is_good() {
    let ended = Scene::new(&good()).run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn broken_json_names_line_and_column() {
    let scene = Scene::of(b"{\n \"a\": {\n  \"class_type\": \"Lane\",,\n }\n}");
    let ended = scene.run(&[]);
    assert_eq!(ended.code, Some(3));
    let error = "error: line 3, column 24: found \",\", expected a key in double quotes";
    assert!(ended.stderr.starts_with(error), "{ended:?}");
}

#[test]
fn no_graph_at_all() {
    for graph in [&b""[..], b"[]", b"\xff\xfe", b"{}"] {
        let ended = Scene::of(graph).run(&[]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
    }
    let ended = crate::command::end(&mut crate::command::amdm(&["run", "no-such-graph.json"]));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("cannot read the graph no-such-graph.json"), "{ended:?}");
}

#[test]
fn an_unknown_class() {
    let mut graph = good();
    graph["save"]["class_type"] = "SavImage".into();
    ends(
        &graph,
        3,
        "node save (SavImage): found an unknown class, expected one that is loaded; did \
         you mean SaveImage? [missing_node_type]",
    );
}

#[test]
fn a_missing_input() {
    let mut graph = good();
    graph["decode"]["inputs"].as_object_mut().unwrap().remove("latent");
    ends(
        &graph,
        3,
        "node decode (DecodeLatent), input latent: found nothing, expected a link to a LATENT \
         output [required_input_missing]",
    );
}

#[test]
fn a_wrong_type() {
    ends(
        &with("decode", "latent", json!(["layout", 0])),
        3,
        "node decode (DecodeLatent), input latent: found MODEL from output 0 (model) of node layout \
         (ModelLoader), expected LATENT [return_type_mismatch]",
    );
}

#[test]
fn a_value_out_of_range() {
    ends(
        &with("sample", "steps", json!(0)),
        3,
        "node sample (Sampler), input steps: found 0, expected a whole number from 1 to 1000 \
         [value_smaller_than_min]",
    );
}

#[test]
fn a_cycle() {
    ends(
        &with("first", "lanes", json!(["lanes", 0])),
        3,
        "node first (Lane), input lanes: found the cycle first (Lane) -> lanes (Lane) -> first \
         (Lane), expected links that never lead back to the node they start from \
         [dependency_cycle]",
    );
}

#[test]
fn a_dangling_link() {
    ends(
        &with("decode", "latent", json!(["nothing", 0])),
        3,
        "node decode (DecodeLatent), input latent: found a link to node \"nothing\", which is not \
         there, expected the id of a node with a LATENT output [bad_linked_input]",
    );
}

#[test]
fn refinement_before_aggregation() {
    let mut graph = good();
    graph["refine"]["inputs"] = json!({});
    graph["merge"]["inputs"]["policy"] = json!(["refine", 0]);
    graph["sample"]["inputs"]["policy"] = json!(["merge", 0]);
    ends(
        &graph,
        3,
        "node refine (ManifoldRefine), input policy: found no AggregateStep before it in the chain, \
         expected an AggregateStep of its own before each ManifoldRefine [operator_order]",
    );
}

#[test]
fn an_unknown_model() {
    ends(
        &with("style", "model_name", json!("tiny-stile")),
        3,
        "node style (ModelLoader), input model_name: found \"tiny-stile\", expected \
         \"tiny-attributes\", \"tiny-layout\" or \"tiny-style\"; did you mean tiny-style? \
         [value_not_in_list]",
    );
}

#[test]
fn a_result_that_a_baseline_cannot_give() {
    let mut graph = with("merge", "method", json!("handoff"));
    graph["decode"]["inputs"]["latent"] = json!(["sample", 1]);
    ends(
        &graph,
        1,
        "node merge (AggregateStep), input method: the result of lane 1 with handoff, expected that \
         of the target 0 alone [invalid_input]",
    );
}

#[test]
fn what_the_sampling_does_not_allow() {
    let mut graph = with("merge", "method", json!("mean-noise"));
    graph["sample"]["inputs"]["eta"] = json!(0);
    ends(
        &graph,
        1,
        "node merge (AggregateStep), input method: mean-noise with a deterministic solver, expected \
         one that adds noise [invalid_input]",
    );
    ends(
        &with("sample", "target", json!(3)),
        1,
        "node sample (Sampler), input target: found lane 3, expected one from 0 to 1 [invalid_input]",
    );
    ends(
        &with("first", "positive", json!(["what", 0])),
        1,
        "node sample (Sampler): found a conditioning made by tiny-style, expected one made by \
         tiny-layout [invalid_input]",
    );
}

#[test]
fn names_that_lead_out() {
    for prefix in ["../x", "/tmp/x", "a/../../x"] {
        let graph = with("save", "filename_prefix", json!(prefix));
        let message = format!(
            "node save (SaveImage), input filename_prefix: found the name {prefix:?}, expected one \
             inside the run's own directory [denied]"
        );
        ends(&graph, 1, &message);
    }
    for prefix in ["", " ", ".", "./"] {
        let graph = with("save", "filename_prefix", json!(prefix));
        let message = format!(
            "node save (SaveImage), input filename_prefix: found the name {prefix:?}, expected the \
             name of a file [invalid_input]"
        );
        ends(&graph, 1, &message);
    }
}

#[test]
fn everything_that_is_wrong_at_once() {
    let mut graph = with("sample", "steps", json!(5000));
    graph["decode"]["inputs"]["latent"] = json!(["nothing", 0]);
    graph["merge"]["inputs"]["method"] = json!("slurp");
    let ended = Scene::new(&graph).run(&[]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.ends_with(": 3 errors, nothing ran\n"), "{ended:?}");
}
