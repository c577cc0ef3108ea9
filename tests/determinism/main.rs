//! The same graph gives the same bits: again, on more threads, beside other runs, with more outputs
//! wanted, and natively in place of through the component.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod agreement;
mod contract;
mod native;
mod network;
mod plan;
mod repetition;
