//! Kills and company: a process that is killed at any moment leaves nothing torn, and several share
//! one cache.
//!
//! `AMDM_KILLS` sets how many processes are killed (6; the full form is 200).
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// Figures of the kills are what the full form is run for.
#![allow(clippy::print_stderr)]

mod cache;
mod command;
mod result;
mod sampling;
mod sweeps;

use std::time::{Duration, Instant};

use crate::cache::sound;
use crate::command::{Scene, graph};

#[test]
fn two_processes_at_once() {
    let (one, two) = (Scene::new(&graph(2)), Scene::new(&graph(2)));
    let plain = Scene::new(&graph(2));
    assert!(plain.run(&[]).success);
    let cache = one.path("cache");
    for size in ["4G", "60K"] {
        let arguments = ["--cache", cache.to_str().unwrap(), "--cache-size", size];
        let start = Instant::now();
        let children = [&one, &two, &one, &two].map(|scene| scene.start(&arguments));
        for child in children {
            assert!(command::ended(child).success);
        }
        assert!(start.elapsed() < Duration::from_secs(300));
        sound(&cache);
    }
    let expected = plain.pictures().into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    for scene in [one, two] {
        let pictures = scene.pictures();
        // Each ran four times, two at a time, so only the numbers are in any order.
        assert_eq!(pictures.len(), 4 * expected.len());
        for bytes in &expected {
            assert_eq!(pictures.iter().filter(|(_, found)| found == bytes).count(), 4);
        }
    }
}
