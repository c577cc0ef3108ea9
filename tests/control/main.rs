//! Control: how often a graph run by the host draws what both of its models were told.
//!
//! Scenes and a detector as the tiny family was measured with; the detector is exact on rendered
//! scenes, so what it counts is what the graphs did. `AMDM_CONTROL_N` sets the scenes a row (60
//! unless told, 400 and more for figures to quote), `AMDM_CONTROL_ALL=1` runs every row,
//! `AMDM_CONTROL_ROW` those whose name holds a text.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod background;
mod components;
mod detector;
mod detector_tests;
mod graph;
mod passes;
mod rates;
mod render;
mod rows;
mod scene;
mod score;
