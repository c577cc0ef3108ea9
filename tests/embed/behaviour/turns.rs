//! Own code that one call at a time may be in: who waits hears of a cancel, nobody waits for
//! itself, and a panic in it is the node's error.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use amdm::error::{Code, Error};
use amdm::graph::Document;
use amdm_runtime::{
    Cancel, Failure, FailureCode, Host, HostOptions, Inputs, Node, NodeCall, ResultCache,
    RunOptions, Value,
};
use serde_json::json;

use super::native::options;

type Work = dyn Fn() -> Result<(), Error> + Send + Sync;

/// Does something of a test's.
struct Does(Box<Work>);

impl Node for Does {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        (self.0)()?;
        drop(call.set_output("done", Value::Integer(1)));
        Ok(())
    }
}

fn host(work: impl Fn() -> Result<(), Error> + Send + Sync + 'static) -> Arc<Host> {
    let results = ResultCache::off();
    let host = Host::open(&HostOptions { results, ..options() }).unwrap();
    let descriptor = json!({
        "type": "test.turns.Does", "pack": "test:turns", "version": "1.0.0", "title": "Does",
        "category": "test", "description": "Does it.", "inputs": [], "output_node": true,
        "outputs": [{"name": "done", "type": "INT"}],
    });
    let descriptor = serde_json::from_value(descriptor).unwrap();
    host.register_node(descriptor, Arc::new(Does(Box::new(work))), false).unwrap();
    Arc::new(host)
}

fn run(host: &Host, cancel: &Cancel) -> Result<(), Failure> {
    let graph = json!({"it": {"class_type": "test.turns.Does", "inputs": {}}}).to_string();
    let document = Document::parse(graph.as_bytes()).unwrap();
    let checked = host.check(&document, Inputs::new(None)).unwrap();
    let options = RunOptions { in_memory: true, ..RunOptions::default() };
    host.run(&document, &checked, &options, cancel, Arc::new(|_| {})).map(drop)
}

#[test]
fn a_panic_is_the_nodes_error() {
    let host = host(|| panic!("no such thing"));
    let failure = run(&host, &Cancel::new()).unwrap_err();
    assert_eq!(failure.code, FailureCode::Node(Code::Internal));
    assert_eq!(failure.message, "the node's own code panicked: no such thing");
    assert_eq!(failure.node.unwrap().id, "it");
    assert!(run(&host, &Cancel::new()).is_err(), "the turn was given back");
}

#[test]
fn a_node_that_runs_itself_is_refused() {
    let inner = Arc::new(OnceLock::<Weak<Host>>::new());
    let itself = inner.clone();
    let host = host(move || {
        let host = itself.get().and_then(Weak::upgrade).unwrap();
        run(&host, &Cancel::new()).map_err(|failure| Error::new(Code::Denied, failure.message))
    });
    inner.set(Arc::downgrade(&host)).unwrap();
    let failure = run(&host, &Cancel::new()).unwrap_err();
    assert_eq!(failure.code, FailureCode::Node(Code::Denied));
    let refusal = "found a call of it from inside its own code, and it is not concurrent";
    assert_eq!(failure.message, refusal);
}

#[test]
fn who_waits_for_a_node_can_be_stopped() {
    let (began, begins) = channel();
    let (go, goes) = channel::<()>();
    let doors: Mutex<(Sender<()>, Receiver<()>)> = Mutex::new((began, goes));
    let host = host(move || {
        let doors = doors.lock().unwrap();
        doors.0.send(()).unwrap();
        doors.1.recv().map_err(|_| Error::new(Code::Internal, "nobody opened"))
    });
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| run(&host, &Cancel::new()));
        begins.recv().unwrap();
        let second = scope.spawn(|| run(&host, &cancel));
        cancel.stop();
        let failure = second.join().unwrap().unwrap_err();
        assert_eq!(failure.code, FailureCode::Node(Code::Cancelled));
        assert!(!first.is_finished());
        go.send(()).unwrap();
        first.join().unwrap().unwrap();
    });
}
