//! A node, an operator and a model of the embedder's in graphs.

use serde_json::{Value, json};

use super::outputs::names;
use super::scene::{graph, with};
use super::{Job, Part, agreed, faces, having, own};

/// The graph with a node of ours behind the decoder.
fn turned(amount: Value) -> Value {
    let mut graph = graph();
    graph["turn"] = json!({"class_type": "test.own.Turn",
                           "inputs": {"image": ["decode", 0], "amount": amount}});
    graph["save"]["inputs"]["images"] = json!(["turn", 0]);
    graph
}

#[test]
fn an_own_node_works_in_a_graph() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::Nodes, faces(inputs.path()));
    let plain = agreed(&faces, &Job::new(&graph()));
    let wanted = [("turn", "image"), ("turn", "half")];
    let graph = turned(json!(1.0));
    let ran = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&graph) });
    assert_eq!(ran.failure, None);
    assert_eq!(ran.warnings, [format!("node turn (test.own.Turn): {}", own::WARNING)]);
    assert!(names(&ran.events, "ui").contains(&"turn".to_owned()));
    assert!(names(&ran.events, "progress").ends_with(&["turn".into(), "turn".into()]));
    let (plain, ran) = (plain.images.unwrap(), ran.images.unwrap());
    // What lies between two bytes is cut down on both sides.
    let sums = plain[0].2.iter().zip(&ran[0].2).map(|(byte, turned)| byte + turned);
    assert!(sums.clone().all(|sum| sum == 254 || sum == 255), "{:?}", sums.collect::<Vec<_>>());
}

#[test]
fn an_own_operator_works_at_every_step() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::Nodes, faces(inputs.path()));
    let plain = agreed(&faces, &Job::new(&graph()));
    let mut graph = with("sample", "policy", json!(["nudge", 0]));
    graph["nudge"] = json!({"class_type": "test.own.Nudge",
                            "inputs": {"policy": ["merge", 0], "by": 0.5}});
    let wanted = [("sample", "latent"), ("sample", "all_lanes")];
    let ran = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&graph) });
    assert_eq!(ran.failure, None);
    assert_ne!(ran.images, plain.images);
    assert_eq!(ran.tensors.unwrap().len(), 2);
    // In all three phases of all steps but the first, which its window leaves out.
    assert_eq!(ran.applied, [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]);
    assert_eq!(plain.applied, []);
    // Alone, and with a stochastic solver.
    graph["nudge"]["inputs"] = json!({"by": 0.25});
    graph["sample"]["inputs"]["eta"] = json!(1.0);
    let alone = agreed(&faces, &Job::new(&graph));
    assert_eq!((alone.failure, alone.applied), (None, ran.applied));
}

#[test]
fn a_model_that_wraps_a_built_in_one_gives_its_image() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::Models, faces(inputs.path()));
    let mut plain = graph();
    plain["sample"]["inputs"]["steps"] = json!(5);
    let mut wrapped = plain.clone();
    wrapped["layout"]["inputs"]["model_name"] = json!(own::WRAPPED);
    let wanted = [("sample", "all_lanes")];
    let built_in = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&plain) });
    let ran = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&wrapped) });
    assert_eq!(ran.failure, None);
    assert!(ran.images == built_in.images && ran.tensors == built_in.tensors);
    assert_eq!(ran.files, built_in.files);
    // Operators that ask for parts get them from it, too.
    for graph in [&mut plain, &mut wrapped] {
        graph["nudge"] = json!({"class_type": "test.own.Nudge", "inputs": {}});
        graph["sample"]["inputs"]["policy"] = json!(["nudge", 0]);
    }
    let built_in = agreed(&faces, &Job::new(&plain));
    assert!(agreed(&faces, &Job::new(&wrapped)).images == built_in.images);
}
