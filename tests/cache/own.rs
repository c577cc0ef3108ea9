//! Nodes of native code: what is kept of those whose file is known, and what is said of the others.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use amdm::error::{Code, Error};
use amdm::graph::Document;
use amdm_runtime::{
    CacheState, Cancel, Event, Host, Inputs, NativeFile, Node, NodeCall, Object, Registration,
    ResultCache, RunOptions, Value,
};
use serde_json::json;

use crate::scene::{disk, host, once};

struct Twenty;

impl Node for Twenty {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        drop(call.set_output("value", Value::Integer(20)));
        Ok(())
    }
}

fn class(version: &str) -> Registration {
    let descriptor = json!({
        "type": "test.own.Twenty", "pack": "test:own", "version": version, "title": "Twenty",
        "category": "test", "description": "Gives 20.", "inputs": [],
        "outputs": [{"name": "value", "type": "INT"}],
    });
    let descriptor = serde_json::from_value(descriptor).unwrap();
    Registration { descriptor, node: Arc::new(Twenty), concurrent: true }
}

/// A host with the class, out of a file of this content or out of none.
fn with(dir: &Path, version: &str, content: Option<u8>) -> Host {
    let (host, class) = (host(disk(dir)), class(version));
    match content {
        Some(byte) => {
            let file = NativeFile { path: "twenty.so".into(), sha256: [byte; 32] };
            host.register_native(&file, vec![class]).unwrap();
        }
        None => host.register_node(class.descriptor, class.node, class.concurrent).unwrap(),
    }
    host
}

fn graph() -> serde_json::Value {
    json!({
        "twenty": {"class_type": "test.own.Twenty", "inputs": {}},
        "picture": {"class_type": "TextImage", "inputs": {"text": "a", "size": ["twenty", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["picture", 0]}},
    })
}

#[test]
fn results_behind_native_nodes_are_kept_on_disk_as_long_as_the_file_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let ran = |content| once(&with(dir.path(), "1.0.0", content), &graph());
    let states = |content| ran(content).classes(CacheState::Disk).join(" ");
    assert_eq!(states(Some(1)), "");
    assert_eq!(states(Some(1)), "TextImage");
    assert_eq!(states(Some(2)), "", "another file");
    assert_eq!(states(None), "", "no file");
    assert_eq!(states(None), "", "nobody knows what it does in another process");
}

#[test]
fn origins_say_what_is_known_of_own_code() {
    let dir = tempfile::tempdir().unwrap();
    let origin = |version, content| {
        let host = with(dir.path(), version, content);
        let (document, inputs) =
            (Document::parse(graph().to_string().as_bytes()), Inputs::new(None));
        let checked = host.check(&document.unwrap(), inputs.clone()).unwrap();
        let mut found = BTreeMap::new();
        host.origins(&checked, &inputs, &mut found, &Cancel::new()).unwrap();
        found.remove("pack test:own").unwrap()
    };
    assert_eq!(origin("1.0.0", Some(1)), format!("1.0.0 {}", "01".repeat(32)));
    assert_eq!(origin("1.0.0", Some(2)), format!("1.0.0 {}", "02".repeat(32)));
    // No content: a number that counts registrations would be another in the next process.
    assert_eq!(origin("1.0.0", None), "1.0.0 registered");
    assert_eq!(origin("1.0.0", None), "1.0.0 registered");
    assert_eq!(origin("1.0.1", None), "1.0.1 registered");
}

#[test]
fn classes_of_a_file_are_added_together_or_not_at_all() {
    let host = host(disk(tempfile::tempdir().unwrap().path()));
    let file = NativeFile { path: "twenty.so".into(), sha256: [1; 32] };
    assert!(host.register_native(&file, vec![class("1.0.0"), class("1.0.0")]).is_err());
    assert!(host.catalogue().find("test.own.Twenty").is_none() && host.native_packs().is_empty());
    host.register_native(&file, vec![class("1.0.0")]).unwrap();
    assert_eq!(host.native_packs()[0].file, file);
}

/// Adds up four numbers; breaks off in the middle until it goes on from a checkpoint.
struct Sum;

impl Node for Sum {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let device = call.device().clone();
        let (mut next, mut sum) = match call.checkpoint() {
            Some((numbers, tensors)) => (numbers[0] as u32, tensors[0].to_f32()?[0]),
            None => (0, 0.0),
        };
        let resumed = next > 0;
        while next < 4 {
            sum += 5.0;
            next += 1;
            assert!(call.checkpoint_due());
            let kept = amdm_diffusion::Tensor::from_f32(&device, &[1], vec![sum])?;
            call.keep_checkpoint(&[f64::from(next)], vec![kept])?;
            if next == 2 && !resumed {
                return Err(Error::new(Code::InputOutput, "broken off"));
            }
        }
        drop(call.set_output("value", Value::Integer(sum as i64)));
        Ok(())
    }
}

/// Unfinished work of native nodes is kept as that of nodes in packs is.
#[test]
fn native_nodes_go_on_from_their_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let results = ResultCache { checkpoints: Duration::ZERO, ..disk(dir.path()) };
    let open = || {
        let (host, class) = (host(results.clone()), class("1.0.0"));
        let file = NativeFile { path: "sum.so".into(), sha256: [3; 32] };
        host.register_native(&file, vec![Registration { node: Arc::new(Sum), ..class }]).unwrap();
        host
    };
    let first = std::panic::catch_unwind(AssertUnwindSafe(|| once(&open(), &graph())));
    assert!(first.is_err(), "the first run breaks off");
    let second = once(&open(), &graph());
    assert!(second.outcome.nodes.iter().any(|node| node.node == "twenty" && node.resumed));
    assert!(second.events.iter().any(|event| matches!(event, Event::Resumed { .. })));
}

/// Gives an object of a kind that no wire of its descriptor has, with characters that a terminal
/// obeys.
struct Painted;

impl Node for Painted {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let object = Object::fields("RED\u{1b}[31m\n", Vec::new())?;
        drop(call.set_output("value", Value::Object(object)));
        Ok(())
    }
}

#[test]
fn what_nodes_name_reaches_people_without_control_characters() {
    let host = host(ResultCache::off());
    let class = class("1.0.0");
    host.register_node(class.descriptor, Arc::new(Painted), true).unwrap();
    let document = Document::parse(graph().to_string().as_bytes()).unwrap();
    let checked = host.check(&document, None).unwrap();
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), ..RunOptions::default() };
    let sink = Arc::new(|_| {});
    let failure = host.run(&document, &checked, &options, &Cancel::new(), sink).unwrap_err();
    let message = failure.message;
    assert!(message.contains("set its output value to RED [31m , expected INT"), "{message:?}");
}
