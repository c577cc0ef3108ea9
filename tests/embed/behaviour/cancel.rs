//! Runs that are stopped: before they start, amid a sampling, after the next picture.

use amdm_capi::*;
use serde_json::json;

use super::library::{Loaded, Mode, files, images, json};
use super::scene::{graph, with};
use super::{Face, Job, Stop, agreed, faces, owning};
use crate::library::{api, ok, text};

#[test]
fn a_run_is_stopped_before_it_starts() {
    let inputs = tempfile::tempdir().unwrap();
    let faces = owning(faces(inputs.path()));
    let graph = graph();
    let ran = agreed(&faces, &Job { stop: Stop::Before, ..Job::new(&graph) });
    assert_eq!(ran.failure.unwrap()["code"], "cancelled");
    assert!(ran.files.is_empty() && ran.images.unwrap().is_empty());
    assert!(ran.events.iter().all(|event| event["event"] != "node_finished"));
}

#[test]
fn a_run_is_stopped_amid_a_sampling_from_another_thread() {
    let inputs = tempfile::tempdir().unwrap();
    let graph = with("sample", "steps", json!(1000));
    for face in owning(faces(inputs.path())) {
        let ran = face.run(&Job { stop: Stop::FirstStep, ..Job::new(&graph) });
        let failure = ran.failure.unwrap();
        let said = (&failure["code"], &failure["node"]["id"], &failure["message"]);
        let expected = (&json!("cancelled"), &json!("sample"), &json!("the run was stopped"));
        assert_eq!((said.0, said.1), (expected.0, expected.1), "{}", face.name());
        assert!(ran.files.is_empty(), "{}", face.name());
        // The host is as it was.
        let ran = face.run(&Job::new(&super::scene::graph()));
        assert_eq!(ran.failure, None, "{}", face.name());
    }
}

/// Three pictures; the run is stopped after the next one, and keeps it.
#[test]
fn a_run_is_stopped_after_the_next_picture() {
    let inputs = tempfile::tempdir().unwrap();
    let mut graph = graph();
    for other in ["save2", "save3"] {
        graph[other] = graph["save"].clone();
    }
    for mode in [Mode::Started, Mode::Executed] {
        let face = Loaded::open(inputs.path(), mode);
        let (made, out) = (crate::library::graph(face.host, &graph), tempfile::tempdir().unwrap());
        let dir = text(out.path().to_str().unwrap());
        let mut desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
        (desc.struct_size, desc.output_dir) = (size_of::<AmdmRunDesc>(), dir.as_ptr());
        let mut run = std::ptr::null_mut();
        let ended = unsafe {
            ok((api().run_create)(made, &desc, &mut run));
            ok((api().run_cancel)(run, AMDM_CANCEL_AFTER_IMAGE));
            assert_eq!((api().run_cancel)(run, 2), AMDM_STATUS_INVALID_ARGUMENT);
            match mode {
                Mode::Started => {
                    ok((api().run_start)(run));
                    (api().run_wait)(run, -1)
                }
                Mode::Executed => (api().run_execute)(run),
            }
        };
        assert_eq!(ended, AMDM_STATUS_CANCELLED, "{}", face.name());
        assert_eq!(files(out.path()).len(), 1);
        let nodes = ["save", "save2", "save3"].map(String::from);
        assert_eq!(images(run, &nodes).len(), 1);
        assert_eq!(json(run, api().run_error).unwrap()["code"], "cancelled");
        unsafe {
            ok((api().run_destroy)(run));
            ok((api().graph_destroy)(made));
        }
    }
}
