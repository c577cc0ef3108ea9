//! What runs give: files, pixels, tensors, events in order, kept results.

use serde_json::{Value, json};

use super::scene::{graph, pixels, with};
use super::{Job, Part, agreed, caching, faces, having, same};

/// Nodes of the events of a kind.
pub fn names(events: &[Value], kind: &str) -> Vec<String> {
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
    let told = |step| json!({"event": "progress", "node": "sample", "step": step, "total": 3});
    assert_eq!(steps.cloned().collect::<Vec<_>>(), [1, 2, 3].map(told));
}

#[test]
fn wanted_outputs_are_the_same_tensors() {
    let inputs = tempfile::tempdir().unwrap();
    let mut graph = graph();
    graph.as_object_mut().unwrap().remove("save");
    let wanted = [("sample", "latent"), ("decode", "image"), ("start", "latent")];
    let job = Job { wanted: &wanted, ..Job::new(&graph) };
    let ran = agreed(&having(Part::Wanted, faces(inputs.path())), &job);
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
        ("sample", "solver", json!("dpmpp-2m")),
        ("merge", "weight", json!(0.5)),
        ("save", "filename_prefix", json!("seed_%Sampler.seed%")),
    ];
    let ran = agreed(&faces, &Job { set: &set, ..Job::new(&graph) });
    assert_eq!(ran.files.keys().collect::<Vec<_>>(), ["seed_11_00001_.png"]);
    // They do what the same values in the graph do, and each of them does something.
    let mut written = graph.clone();
    for (node, input, value) in &set {
        written[node]["inputs"][input] = value.clone();
    }
    assert!(agreed(&faces, &Job::new(&written)) == ran);
    for left_out in 0..set.len() {
        let set = set.iter().enumerate().filter(|(at, _)| *at != left_out);
        let set = set.map(|(_, set)| set.clone()).collect::<Vec<_>>();
        let other = faces[0].run(&Job { set: &set, ..Job::new(&graph) });
        assert!(other.files != ran.files, "{left_out}");
    }
}

/// The graph inside the pictures, with what was set, is the same to the byte.
#[test]
fn pictures_carry_the_same_graph() {
    let inputs = tempfile::tempdir().unwrap();
    let (faces, graph) = (faces(inputs.path()), graph());
    let set = [("sample", "seed", json!(11))];
    let ran = agreed(&faces, &Job { set: &set, metadata: true, ..Job::new(&graph) });
    let picture = &ran.files["picture_00001_.png"];
    let reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let chunks = &reader.info().uncompressed_latin1_text;
    let prompt = chunks.iter().find(|chunk| chunk.keyword == "prompt").unwrap();
    let prompt: Value = serde_json::from_str(&prompt.text).unwrap();
    assert_eq!(prompt["sample"]["inputs"]["seed"], 11);
    // It is a graph that gives the picture again.
    let again = agreed(&faces, &Job { metadata: true, ..Job::new(&prompt) });
    assert_eq!(again.files, ran.files);
}

#[test]
fn a_second_run_is_kept() {
    let inputs = tempfile::tempdir().unwrap();
    let (faces, graph) = (caching(inputs.path()), graph());
    let first = agreed(&faces, &Job::new(&graph));
    assert_eq!(names(&first.events, "cached"), [""; 0]);
    let second = agreed(&faces, &Job::new(&graph));
    assert_eq!((&second.files, &second.images), (&first.files, &first.images));
    assert!(names(&second.events, "cached").contains(&"decode".to_owned()));
    assert_eq!(names(&second.events, "node_started"), ["save"]);
    // Another seed runs again, from the sampler on; before it, values that are not kept on disk.
    let other = with("sample", "seed", json!(8));
    let third = faces.iter().map(|face| (face.name(), face.run(&Job::new(&other))));
    let on_disk = ["the library, on disk", "the command"];
    let (on_disk, in_memory): (Vec<_>, Vec<_>) =
        third.partition(|(name, _)| on_disk.contains(name));
    let (on_disk, in_memory) = (same(on_disk), same(in_memory));
    assert!(in_memory.files == on_disk.files && in_memory.files != first.files);
    let begun = names(&in_memory.events, "node_started");
    assert_eq!(begun, ["merge", "sample", "decode", "save"]);
    let begun = names(&on_disk.events, "node_started");
    assert!(begun.ends_with(&["sample", "decode", "save"].map(String::from)), "{begun:?}");
}
