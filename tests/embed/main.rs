//! The C library as embedders see it.
//!
//! Longer by `AMDM_MISUSE` (random sequences, with `AMDM_MISUSE_SEED`) and `AMDM_HOSTS` (hosts that
//! come and go); with `AMDM_VALGRIND=1` the examples run under valgrind. The command is one of the
//! doors: where it was not built with the library, `AMDM_WITHOUT_COMMAND=1` leaves it out.
//! `AMDM_NO_SKIPS=1` fails where something is left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::undocumented_unsafe_blocks,
    missing_docs
)]

mod api;
mod behaviour;
mod comfyui;
mod contract;
mod examples;
mod followed;
mod given;
mod header;
mod installed;
mod keeping;
mod lent;
mod library;
mod misuse;
mod models;
mod native;
mod process;
mod ranks;
mod snippets;
mod strides;
mod surface;
