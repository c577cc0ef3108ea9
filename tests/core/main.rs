//! Nodes of images, masks and latents against what ComfyUI's nodes gave.
//!
//! Runs the graphs of a recorded set, those parts of them that need no network: a latent that comes
//! out of one is taken from the recording. The set is `AMDM_COMFYUI_RUN`, else
//! `tests/fixtures/core_graphs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod nodes;
mod part;
mod recording;

use amdm_runtime::{Host, HostOptions};

use self::recording::Set;

#[test]
fn recorded_graphs_give_what_was_recorded() {
    let set = Set::open();
    let host = Host::open(&HostOptions::default()).unwrap();
    let shared = nodes::register(&host);
    let (mut graphs, mut tensors, mut faults) = (0, 0, Vec::new());
    for name in set.graphs() {
        let graph = set.graph(&name);
        let Some(part) = part::of(&host.catalogue(), &graph) else { continue };
        graphs += 1;
        shared.begin(&host, &graph);
        part::run(&host, &part, &set.input());
        let kept = shared.kept.lock().unwrap();
        for key in &part.computed {
            for compared in graph.compare(key, &kept[key]) {
                tensors += 1;
                if compared.difference.is_nan() || compared.difference > compared.tolerance {
                    faults.push(format!("{name}: {compared:?}"));
                }
            }
        }
    }
    eprintln!("{graphs} graphs, {tensors} tensors, {} beyond their tolerance", faults.len());
    assert!(!set.is_own() || tensors > 100, "too little of our own set was run");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
