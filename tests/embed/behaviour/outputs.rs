//! What runs give: files, pixels, tensors, events in order, kept results.

use serde_json::{Value, json};

use super::scene::{graph, pixels, with};
use super::{Job, agreed, caching, faces, own, owning};

fn names(events: &[Value], kind: &str) -> Vec<String> {
    let events = events.iter().filter(|event| event["event"] == kind);
    events.map(|event| event["node"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pictures_pixels_and_progress_are_the_same() {
    let inputs = tempfile::tempdir().unwrap();
    let graph = graph();
    let ran = agreed(&faces(inputs.path()), &Job::new(&graph));
    assert_eq!(ran.failure, None);
    let (files, images) = (ran.files, ran.images.unwrap());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["picture_00001_.png"]);
    let (size, bytes) = pixels(&files["picture_00001_.png"]);
    assert_eq!(images, [("save".to_owned(), size, bytes)]);
    // Each node once, begun before it is done; steps of the sampler in order in between.
    let (begun, done) = (names(&ran.events, "node_started"), names(&ran.events, "node_finished"));
    assert_eq!(begun, done);
    assert_eq!(begun.len(), graph.as_object().unwrap().len());
    assert_eq!(ran.events[0]["event"], "started");
    let steps = ran.events.iter().filter(|event| event["event"] == "progress");
    let steps = steps.map(|event| event["step"].as_u64().unwrap()).collect::<Vec<_>>();
    assert!(steps.is_sorted() && steps.last() == Some(&3), "{steps:?}");
}

#[test]
fn wanted_outputs_are_the_same_tensors() {
    let inputs = tempfile::tempdir().unwrap();
    let mut graph = graph();
    graph.as_object_mut().unwrap().remove("save");
    let wanted = [("sample", "latent"), ("decode", "image"), ("start", "latent")];
    let job = Job { wanted: &wanted, ..Job::new(&graph) };
    let faces = faces(inputs.path()).into_iter().filter(|face| face.has_own());
    let ran = agreed(&faces.collect::<Vec<_>>(), &job);
    let shapes = ran.tensors.unwrap().into_iter().map(|(shape, _)| shape).collect::<Vec<_>>();
    assert_eq!(shapes[1], [1, 32, 32, 3]);
    assert_eq!(shapes.len(), 3);
}

#[test]
fn settings_are_the_same() {
    let inputs = tempfile::tempdir().unwrap();
    let (faces, graph) = (faces(inputs.path()), graph());
    let set = [
        ("sample", "seed", json!(11)),
        ("sample", "solver", json!("ddim")),
        ("merge", "weight", json!(0.5)),
        ("save", "filename_prefix", json!("seed_%Sampler.seed%")),
    ];
    let ran = agreed(&faces, &Job { set: &set, ..Job::new(&graph) });
    assert_eq!(ran.files.keys().collect::<Vec<_>>(), ["seed_11_00001_.png"]);
    let written = agreed(&faces, &Job::new(&with("sample", "seed", json!(11))));
    assert_ne!(ran.images, written.images);
}

#[test]
fn a_second_run_is_kept() {
    let inputs = tempfile::tempdir().unwrap();
    let (faces, graph) = (caching(inputs.path()), graph());
    for face in &faces {
        let (first, second) = (face.run(&Job::new(&graph)), face.run(&Job::new(&graph)));
        assert_eq!(first.files, second.files, "{}", face.name());
        assert_eq!(names(&first.events, "cached"), [""; 0]);
        assert!(names(&second.events, "cached").contains(&"decode".to_owned()));
        let begun = names(&second.events, "node_started");
        assert_eq!(begun.last().map(String::as_str), Some("save"), "{}", face.name());
        assert!(!begun.contains(&"sample".to_owned()), "{}: {begun:?}", face.name());
        // Another seed runs again, from the sampler on.
        let other = with("sample", "seed", json!(8));
        let third = face.run(&Job::new(&other));
        assert_ne!(third.files, first.files);
        assert!(names(&third.events, "node_started").contains(&"sample".to_owned()));
    }
}

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
    let faces = owning(faces(inputs.path()));
    let plain = agreed(&faces, &Job::new(&graph()));
    let wanted = [("turn", "image"), ("turn", "half")];
    let graph = turned(json!(1.0));
    let ran = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&graph) });
    assert_eq!(ran.failure, None);
    assert_eq!(ran.warnings, [format!("node turn (test.own.Turn): {}", own::WARNING)]);
    assert!(names(&ran.events, "ui").contains(&"turn".to_owned()));
    assert!(names(&ran.events, "progress").ends_with(&["turn".into(), "turn".into()]));
    let turn = |bytes: &[u8]| bytes.iter().map(|byte| 255 - byte).collect::<Vec<_>>();
    let (plain, ran) = (plain.images.unwrap(), ran.images.unwrap());
    assert_eq!(turn(&plain[0].2), ran[0].2);
}

#[test]
fn an_own_operator_works_at_every_step() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = owning(faces(inputs.path()));
    let plain = agreed(&faces, &Job::new(&graph()));
    let mut graph = with("sample", "policy", json!(["nudge", 0]));
    graph["nudge"] = json!({"class_type": "test.own.Nudge",
                            "inputs": {"policy": ["merge", 0], "by": 0.5}});
    let wanted = [("sample", "latent"), ("sample", "all_lanes")];
    let ran = agreed(&faces, &Job { wanted: &wanted, ..Job::new(&graph) });
    assert_eq!(ran.failure, None);
    assert_ne!(ran.images, plain.images);
    assert_eq!(ran.tensors.unwrap().len(), 2);
    // Alone, and with a stochastic solver and half a window left.
    graph["nudge"]["inputs"] = json!({"by": 0.25});
    graph["sample"]["inputs"]["eta"] = json!(1.0);
    assert_eq!(agreed(&faces, &Job::new(&graph)).failure, None);
}

#[test]
fn a_model_that_wraps_a_built_in_one_gives_its_image() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = owning(faces(inputs.path()));
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
