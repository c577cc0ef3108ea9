//! What the fuzz targets do with their input; the smoke test of `tests/graphs` does the same.
//!
//! Each target makes a file of its input and sends it on the [`journey`] of every file: read,
//! migrate, set, judge, plan, write, read again. A panic, a hang or a promise that does not hold is
//! a finding; an error is none.

mod dice;
mod graph;
mod journey;
mod nodes;
mod picture;
mod value;
mod workflow;

use dice::Dice;

/// Bytes as they are.
pub fn bytes(data: &[u8]) {
    journey::file(data);
}

/// A saved workflow, made of `data`.
pub fn workflow(data: &[u8]) {
    let file = workflow::make(&mut Dice::new(data));
    journey::file(file.to_string().as_bytes());
}

/// An API graph or a request, made of `data`.
pub fn graph(data: &[u8]) {
    let file = graph::make(&mut Dice::new(data));
    journey::file(file.to_string().as_bytes());
}

/// A picture, made of `data`.
pub fn picture(data: &[u8]) {
    journey::file(&picture::make(&mut Dice::new(data)));
}
