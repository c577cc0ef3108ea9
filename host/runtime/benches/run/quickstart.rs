//! The quickstart graph's compute time on one thread and on all, where the graph is there.

use std::path::Path;

use amdm_runtime::{CacheDir, Host, HostOptions, ResultCache};

use crate::clock::{Times, milliseconds};
use crate::graph::Ready;

const REPETITIONS: usize = 5;

pub fn report() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/graphs/quickstart.json");
    let Ok(text) = std::fs::read(&path) else {
        println!("  left out: examples/graphs/quickstart.json is not there");
        return;
    };
    let graph = serde_json::from_slice(&text).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, threads) in [("one thread", 1), ("all threads", 0)] {
        let cache = CacheDir::At(dir.path().join("cache"));
        let results = ResultCache::off();
        let options =
            HostOptions { device: "cpu".into(), threads, cache, results, ..Default::default() };
        let host = Host::open(&options).unwrap();
        let ready = Ready::new(&host, &graph);
        let run = || ready.run(&host, Some(dir.path().join("pictures")));
        let passes = run().passes;
        let times = Times::told(REPETITIONS, || run().seconds);
        milliseconds(&format!("{name}, {passes} passes"), &times);
        let networks = Times::told(REPETITIONS, || run().network_seconds);
        milliseconds("of it in networks", &networks);
    }
}
