//! What is needed to make recorded runs of ComfyUI again: full-size model files with made-up
//! weights, the same on every machine, the recorded graphs, and the comparison of what `amdm run`
//! gives for each of their nodes with what ComfyUI gave.

pub mod compare;
pub mod models;
pub mod recording;
pub mod run;
