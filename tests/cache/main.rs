//! Kept results: what a key holds and what not, what runs again, and that pictures stay the same
//! bits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod checkpoints;
mod disk;
mod examples;
mod files;
mod keys;
mod memory;
mod outcome;
mod own;
mod scene;
