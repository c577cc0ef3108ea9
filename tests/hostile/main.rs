//! What hostile packs, hostile graphs and hostile surroundings can do: end their run with an error.
//!
//! `packs/` holds core modules as text, made into components when a test runs; `@NODES@` and the
//! like are filled in by [`pack`]. Every case asserts the code, the node and the message, that
//! nothing was left in the output directory, and that the host runs a good graph afterwards. The
//! command line is tested as a program, with its exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod bombs;
mod check;
mod command;
mod graphs;
mod guests;
mod lanes;
mod opening;
mod operators;
mod pack;
mod signals;
mod stacks;
mod stage;
mod stops;
mod surface;
mod surroundings;
