//! AMDM's own work a step: sampler, operators and the boundary to WebAssembly, two lanes of the
//! tiny family's size. 100 us are given.
//!
//! Networks answer at once, and a step is timed from an answer to the next question; the noise of a
//! stochastic step is measured apart and taken off. Medians over steps pass over what other
//! processes take.

use amdm_runtime::CacheDir;
use serde_json::{Value, json};

use crate::clock::Times;
use crate::graph::{Ready, host, sampling};
use crate::zero::{self, Zero};

const STEPS: u32 = 200;
const REPETITIONS: usize = 10;

fn print(name: &str, times: &Times, less: f64) {
    let (median, least) = ((times.median() - less) * 1e6, (times.least() - less) * 1e6);
    println!("  {name:<44} {median:>9.1} us  (least {least:.1})");
}

pub fn report() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(CacheDir::At(dir.path().into()));
    let zero = Zero::register(&host);
    let noise = Times::of(1000, zero::noise(host.device()));
    print("noise of two lanes", &noise, 0.0);
    let line = |name: &str, lanes: usize, operators: &[(&str, Value)]| {
        let ready = Ready::new(&host, &sampling(zero::NAME, lanes, STEPS, operators));
        let run = || {
            ready.run(&host, None);
            zero.steps()
        };
        run();
        let times = Times::new((0..REPETITIONS).flat_map(|_| run()).collect());
        print(name, &times, noise.median() * lanes as f64 / 2.0);
    };
    let merge = |method: &str| ("AggregateStep", json!({"method": method, "end": 1.0}));
    let refine = |mode: &str| ("ManifoldRefine", json!({"mode": mode, "shell": 0.8}));
    line("one lane, no operator", 1, &[]);
    // Without a window the second lane would not run.
    line("two lanes, spherical", 2, &[merge("spherical")]);
    for method in ["slerp", "normalized", "mean-noise", "compose"] {
        line(&format!("two lanes, {method}"), 2, &[merge(method)]);
    }
    line("two lanes, slerp, shell refinement", 2, &[merge("slerp"), refine("shell")]);
    line("two lanes, slerp, radius refinement", 2, &[merge("slerp"), refine("radius")]);
}
