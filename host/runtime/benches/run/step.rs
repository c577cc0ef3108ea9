//! AMDM's own work a step: sampler, operators and the boundary to WebAssembly, two lanes of the tiny
//! family's size. 100 us are given.
//!
//! Networks answer at once. A step's time is the difference between long and short runs over the
//! difference of their steps; the noise of a stochastic step is measured apart and taken off.

use amdm_runtime::CacheDir;
use serde_json::{Value, json};

use crate::clock::Times;
use crate::graph::{Ready, host, sampling};
use crate::zero::{self, Zero};

const SHORT: u32 = 100;
const LONG: u32 = 900;
const REPETITIONS: usize = 15;

pub fn report() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(CacheDir::At(dir.path().into()));
    Zero::register(&host);
    let mut draw = zero::noise(host.device());
    let noise = Times::of(1000, &mut draw).median();
    println!("  {:<44} {:>9.1} us", "noise of two lanes", noise * 1e6);
    let time = |lanes: usize, steps: u32, operators: &[(&str, Value)]| {
        let ready = Ready::new(&host, &sampling(zero::NAME, lanes, steps, operators));
        Times::told(REPETITIONS, || {
            let outcome = ready.run(&host, None);
            outcome.nodes.iter().find(|node| node.class == "Sampler").unwrap().seconds
        })
    };
    let line = |name: &str, lanes: usize, operators: &[(&str, Value)]| {
        let (short, long) = (time(lanes, SHORT, operators), time(lanes, LONG, operators));
        let step = |long: f64, short: f64| {
            ((long - short) / f64::from(LONG - SHORT) - noise * lanes as f64 / 2.0) * 1e6
        };
        let (median, least) =
            (step(long.median(), short.median()), step(long.least(), short.least()));
        println!("  {name:<44} {median:>9.1} us  (least {least:.1})");
    };
    let merge = |method: &str| ("AggregateStep", json!({"method": method, "end": 1.0}));
    let refine = |mode: &str| ("ManifoldRefine", json!({"mode": mode, "shell": 0.8}));
    line("one lane, no operator", 1, &[]);
    line("two lanes, no operator", 2, &[]);
    for method in ["slerp", "normalized", "spherical", "mean-noise", "compose"] {
        line(method, 2, &[merge(method)]);
    }
    line("slerp, shell refinement", 2, &[merge("slerp"), refine("shell")]);
    line("slerp, radius refinement", 2, &[merge("slerp"), refine("radius")]);
}
