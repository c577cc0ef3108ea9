//! Success rates of graphs against the reference's.
//!
//! A rate may differ by three standard errors of its own sample and of the reference's together.
//! Scenes and noise come from fixed seeds, so a result repeats.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use amdm_runtime::Host;

use crate::detector::read;
use crate::graph::{Graph, host};
use crate::rows::{self, Row};
use crate::scene::{Scene, Scenes};
use crate::score::{Score, Tally};

const STEPS: u32 = 12;
const THREADS: usize = 2;
/// Scenes held out for these rates; `AMDM_CONTROL_SEED` asks for others.
const SEED: usize = 20_261;
/// Standard error of the reference's rates, which are given to two digits.
const REFERENCE: f64 = 0.014;
const ROUNDING: f64 = 0.005;

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

/// The pictures of both targets for one scene.
fn score(host: &Host, dir: &std::path::Path, row: &Row, scene: &Scene, seed: u64) -> [Score; 2] {
    let mut graph = Graph::lanes(&scene.objects[0], row.guidance);
    let policy = graph.chain(&row.operators);
    if row.apart {
        graph.sampler("to_a", policy.as_deref(), 0, seed, STEPS);
        graph.sampler("to_b", policy.as_deref(), 1, seed, STEPS);
        graph.save(&[("to_a", 0), ("to_b", 0)]);
    } else {
        graph.sampler("sample", policy.as_deref(), 0, seed, STEPS);
        graph.save(&[("sample", 1)]);
    }
    let (_, images) = graph.run(host, dir);
    let [a, b] = &images[..] else { panic!("{} images", images.len()) };
    [a, b].map(|image| Score::new(scene, &read(image)))
}

fn measure(host: &Host, row: &Row, scenes: &[Scene]) -> [Tally; 2] {
    let next = AtomicUsize::new(0);
    let work = || {
        let dir = tempfile::tempdir().unwrap();
        let mut tallies = [Tally::default(); 2];
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(scene) = scenes.get(index) else { return tallies };
            let scores = score(host, dir.path(), row, scene, index as u64);
            tallies.iter_mut().zip(scores).for_each(|(tally, score)| tally.add(score));
        }
    };
    let mut sums = [Tally::default(); 2];
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let tallies = worker.join().unwrap();
            sums.iter_mut().zip(tallies).for_each(|(sum, tally)| sum.merge(tally));
        }
    });
    sums
}

/// One line of the table; marks what is too far from the reference.
fn line(row: &Row, tallies: [Tally; 2], scenes: usize) -> (String, usize) {
    let [a, b] = tallies.map(|tally| tally.rates());
    let found = a.into_iter().chain(b[2..].iter().copied());
    let expected = row.layout.into_iter().chain(row.attributes);
    let (mut text, mut far) = (format!("{:<36}", row.name), 0);
    for (found, expected) in found.zip(expected) {
        let own = (expected * (1.0 - expected) / scenes as f64).sqrt();
        let off = (found - expected).abs() > 3.0 * own.hypot(REFERENCE) + ROUNDING;
        far += usize::from(off);
        write!(text, " {found:.3}/{expected:.2}{}", if off { "!" } else { " " }).unwrap();
    }
    (text, far)
}

#[test]
fn rates_are_those_of_the_reference() {
    let count = number("AMDM_CONTROL_N", 60);
    let mut generator = Scenes::new(number("AMDM_CONTROL_SEED", SEED) as u64);
    let scenes: Vec<_> = (0..count).map(|_| generator.with_one_object()).collect();
    let mut rows = rows::main();
    if number("AMDM_CONTROL_ALL", 0) != 0 {
        rows.extend(rows::further());
    }
    if let Ok(part) = std::env::var("AMDM_CONTROL_ROW") {
        rows.retain(|row| row.name.contains(&part));
    }
    let host = host();
    let clock = std::time::Instant::now();
    let mut far = 0;
    eprintln!("{count} scenes a row, found/reference; ! is farther than three standard errors");
    let columns = ["A pos", "colour", "both", "+shape", "valid", "B both", "+shape", "valid"];
    eprintln!("{:<36}{}", "", columns.map(|name| format!(" {name:<11}")).concat());
    for row in &rows {
        let (text, off) = line(row, measure(&host, row, &scenes), count);
        eprintln!("{text}");
        far += off;
    }
    eprintln!("{:.1} s", clock.elapsed().as_secs_f64());
    assert_eq!(far, 0, "rates farther from the reference than three standard errors");
}
