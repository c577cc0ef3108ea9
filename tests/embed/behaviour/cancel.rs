//! Runs that are stopped: before they start, amid a sampling, after the next picture.

use amdm_capi::*;
use serde_json::{Value, json};

use super::library::{Loaded, Mode};
use super::scene::{graph, with};
use super::{Face, Job, Part, Stop, agreed, faces, having};
use crate::library::{api, run};

#[test]
fn a_run_is_stopped_before_it_starts() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = having(Part::StopBefore, faces(inputs.path()));
    let graph = graph();
    let ran = agreed(&faces, &Job { stop: Stop::Before, ..Job::new(&graph) });
    assert_eq!(ran.failure.unwrap()["code"], "cancelled");
    assert!(ran.files.is_empty() && ran.images.unwrap().is_empty());
    assert!(ran.events.iter().all(|event| event["event"] != "node_finished"));
}

/// By a thread of the program's, or by a signal.
#[test]
fn a_run_is_stopped_amid_a_sampling_from_another_thread() {
    let inputs = tempfile::tempdir().unwrap();
    let graph = with("sample", "steps", json!(1000));
    let faces = having(Part::Stop, faces(inputs.path()));
    for face in &faces {
        let ran = face.run(&Job { stop: Stop::FirstStep, ..Job::new(&graph) });
        let failure = ran.failure.unwrap();
        // It meets the sampler, or the operator inside it.
        let node = match failure["node"]["id"].as_str() {
            Some("merge") => json!({"id": "merge", "class": "AggregateStep"}),
            _ => json!({"id": "sample", "class": "Sampler"}),
        };
        let expected = json!({"code": "cancelled", "node": node, "message": "the run was stopped"});
        assert_eq!(failure, expected, "{}", face.name());
        assert!(ran.files.is_empty(), "{}", face.name());
        let steps = ran.events.iter().filter(|event| event["event"] == "progress").count();
        assert!((1..1000).contains(&steps), "{}: {steps} steps", face.name());
    }
    // The hosts are as they were.
    assert_eq!(agreed(&faces, &Job::new(&super::scene::graph())).failure, None);
}

/// Three pictures in a row, all of one sampling.
fn pictures() -> Value {
    let mut graph = graph();
    for other in ["save2", "save3"] {
        graph[other] = graph["save"].clone();
    }
    graph
}

/// Amid the run; the picture that comes next is kept, and no other is made.
#[test]
fn a_run_is_stopped_after_the_next_picture() {
    let inputs = tempfile::tempdir().unwrap();
    let graph = pictures();
    let modes = [Mode::Started, Mode::Executed];
    let faces = modes.map(|mode| Box::new(Loaded::open(inputs.path(), mode)) as Box<dyn Face>);
    let ran = agreed(&faces, &Job { stop: Stop::NextPicture, ..Job::new(&graph) });
    assert_eq!(ran.failure.unwrap()["code"], "cancelled");
    assert_eq!(ran.files.len(), 1);
    assert_eq!(ran.images.unwrap().len(), 1);
    let done = ran.events.iter().filter(|event| event["event"] == "node_finished");
    let saves = done.filter(|event| event["node"].as_str().unwrap().starts_with("save"));
    assert_eq!(saves.count(), 1);
}

/// As it is before it starts.
#[test]
fn a_run_is_told_beforehand_to_stop_after_a_picture() {
    let inputs = tempfile::tempdir().unwrap();
    for mode in [Mode::Started, Mode::Executed] {
        let face = Loaded::open(inputs.path(), mode);
        let made = crate::library::graph(face.host, &pictures());
        let run = run(made);
        unsafe {
            assert_eq!((api().run_cancel)(run, AMDM_CANCEL_AFTER_IMAGE), AMDM_STATUS_OK);
            let ended = match mode {
                Mode::Started => {
                    assert_eq!((api().run_start)(run), AMDM_STATUS_OK);
                    (api().run_wait)(run, -1)
                }
                Mode::Executed => (api().run_execute)(run),
            };
            assert_eq!(ended, AMDM_STATUS_CANCELLED, "{}", face.name());
            let nodes = ["save", "save2", "save3"].map(String::from);
            assert_eq!(super::library::images(run, &nodes).len(), 1);
            assert_eq!((api().run_destroy)(run), AMDM_STATUS_OK);
            assert_eq!((api().graph_destroy)(made), AMDM_STATUS_OK);
        }
    }
}
