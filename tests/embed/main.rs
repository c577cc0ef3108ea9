//! The C library as embedders see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::undocumented_unsafe_blocks,
    missing_docs
)]

mod behaviour;
mod examples;
mod followed;
mod given;
mod header;
mod installed;
mod library;
mod misuse;
mod models;
mod native;
mod process;
mod snippets;
mod surface;
