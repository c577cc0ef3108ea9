//! From nothing to a host that has run a node, with compiled packs in the cache; 100 ms are given.

use amdm_runtime::CacheDir;
use serde_json::json;

use crate::clock::{Times, milliseconds};
use crate::graph::{Ready, host};

const REPETITIONS: usize = 30;

pub fn report() {
    let dir = tempfile::tempdir().unwrap();
    let cache = || CacheDir::At(dir.path().into());
    let graph = json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "ready"}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["text", 0]}},
    });
    let first = || {
        let host = host(cache());
        Ready::new(&host, &graph).run(&host, None);
    };
    milliseconds("first start, packs compiled", &Times::of(1, first));
    milliseconds("host opened", &Times::of(REPETITIONS, || host(cache())));
    milliseconds("host opened, two nodes run", &Times::of(REPETITIONS, first));
    let host = host(cache());
    let ready = Ready::new(&host, &graph);
    ready.run(&host, None);
    milliseconds("two nodes on an open host", &Times::of(REPETITIONS, || ready.run(&host, None)));
}
