//! What a run costs beyond its networks: the host's start, AMDM's own work a step, and passes.
//!
//! `cargo bench -p amdm-runtime --bench run` prints a table; names given as arguments pick sections
//! (`start`, `step`, `passes`, `quickstart`). Times are medians, with the fastest beside them, of
//! the build that runs: the profile is named in the first line.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod clock;
mod graph;
mod passes;
mod quickstart;
mod start;
mod step;
mod zero;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|arg| arg == name);
    let profile = if cfg!(debug_assertions) { "dev" } else { "bench" };
    println!("profile {profile}, {} threads", std::thread::available_parallelism().unwrap());
    for (name, section) in [
        ("start", start::report as fn()),
        ("step", step::report),
        ("passes", passes::report),
        ("quickstart", quickstart::report),
    ] {
        if wanted(name) {
            println!("\n{name}");
            section();
        }
    }
}
