//! Numbers against recorded reference tensors, at the tolerance each fixture states.
//!
//! Reads `AMDM_FIXTURES` where set, else `tests/fixtures`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod amdm_math;
mod comfy_samplers;
mod comfy_sigmas;
mod cost;
mod dense;
mod edges;
mod fixture;
mod lanes;
mod mixture;
mod native;
mod noise;
mod official_loop;
mod refusals;
mod schedulers;
mod sigma_samplers;
mod step_state;
mod tables;
mod tiny_family;
mod variants;
