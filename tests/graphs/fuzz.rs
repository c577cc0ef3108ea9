//! The fuzz targets of `tests/fuzz`, a few thousand times each with the same inputs every time.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use crate::cases::case_folders;
use crate::comfy_info::vectors;
use std::fs;
use std::panic::catch_unwind;

/// Marsaglia's xorshift with 64 bits of state (2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() >> 11) as usize % count
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

fn run(target: fn(&[u8]), input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        panic!("the input was {:?}", String::from_utf8_lossy(input));
    }
}

/// All files of the cases and of the recordings that are not too long.
fn files() -> Vec<Vec<u8>> {
    let cases = case_folders()
        .into_iter()
        .flat_map(|case| ["graph.json", "graph.png", "graph.webp"].map(|name| case.join(name)));
    let mut recorded: Vec<_> =
        fs::read_dir(vectors()).unwrap().map(|entry| entry.unwrap().path()).collect();
    recorded.sort();
    let files = cases.chain(recorded).filter_map(|file| fs::read(file).ok());
    files.filter(|bytes| bytes.len() < 10_000).collect()
}

/// What stands in files, to be put where it does not belong.
const PIECES: &[&str] = &[
    "null",
    "true",
    "-1",
    "1e999",
    "1e308",
    "\"\"",
    "[]",
    "{}",
    "[[",
    "}}",
    ",",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\"prompt\":",
    "\"nodes\":[",
    "\"class_type\":",
    "\"inputs\":",
    "\"__value__\":",
];

/// Bytes changed, put in, cut out, doubled, taken from another file.
fn mutated(random: &mut Random, files: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = files[random.below(files.len())].clone();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.splice(at..end, random.bytes(8))),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..end),
            3 => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.bytes()));
            }
            4 => {
                let other = &files[random.below(files.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes
}

#[test]
fn changed_files_keep_all_promises() {
    let (files, mut random) = (files(), Random(1));
    assert!(files.len() > 90, "{}", files.len());
    files.iter().for_each(|file| run(targets::bytes, file));
    for _ in 0..8000 {
        let input = mutated(&mut random, &files);
        run(targets::bytes, &input);
    }
}

#[test]
fn made_workflows_keep_all_promises() {
    let mut random = Random(2);
    (0..4000).for_each(|_| run(targets::workflow, &random.bytes(1500)));
}

#[test]
fn made_graphs_keep_all_promises() {
    let mut random = Random(3);
    (0..4000).for_each(|_| run(targets::graph, &random.bytes(1500)));
}

#[test]
fn made_pictures_keep_all_promises() {
    let mut random = Random(4);
    (0..4000).for_each(|_| run(targets::picture, &random.bytes(1500)));
}
