//! Recorded runs of ComfyUI through the whole engine: the host, the standard pack, a model and
//! values of the embedder's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

mod cases;
mod conditions;
mod given;
mod network;
mod prompts;
mod sampler;
mod starts;
