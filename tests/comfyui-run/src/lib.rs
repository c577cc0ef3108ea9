//! What is needed to make recorded runs of ComfyUI again: full-size model files with made-up
//! weights, the same on every machine.

pub mod models;
