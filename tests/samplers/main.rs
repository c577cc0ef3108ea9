//! Schedules, noise and samplers against recorded results of ComfyUI's KSampler.
//!
//! The recordings in `tests/fixtures/comfyui-ksampler` are some of a larger set of the same form,
//! which runs where the environment variable `AMDM_COMFYUI_RUN` names its folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

#[path = "../parity/dense.rs"]
#[allow(dead_code)]
mod dense;

mod cases;
mod data;
mod guidance;
mod network;
mod noise;
mod run;
mod tables;
mod walks;
