//! Network passes as the host counts them: every lane up to the window's end, then the target.

use amdm_runtime::CacheDir;
use serde_json::{Value, json};

use crate::graph::{Ready, host, sampling};
use crate::zero::{self, Zero};

const STEPS: u32 = 50;

pub fn report() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(CacheDir::At(dir.path().into()));
    Zero::register(&host);
    let line = |name: &str, lanes: usize, operators: &[(&str, Value)], expected: u64| {
        let ready = Ready::new(&host, &sampling(zero::NAME, lanes, STEPS, operators));
        let found = ready.run(&host, None).passes;
        println!("  {name:<44} {found:>9} passes  (expected {expected})");
    };
    let window = |method: &str, start: u32, end: u32| {
        ("AggregateStep", json!({"method": method, "start": start, "end": end}))
    };
    line("2 lanes, 50 steps, no window", 2, &[], 50);
    line("2 lanes, 50 steps, [1, 8)", 2, &[window("slerp", 1, 8)], 58);
    line("3 lanes, 50 steps, [1, 8)", 3, &[window("normalized", 1, 8)], 66);
    line("2 lanes, 50 steps, [0, 50)", 2, &[window("compose", 0, 50)], 100);
    line("2 lanes, 50 steps, handoff [0, 8)", 2, &[window("handoff", 0, 8)], 50);
}
