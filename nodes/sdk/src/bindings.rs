//! The contract in Rust, generated from WIT (world `step-pack`).
#![allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks, unused_qualifications)]

amdm_sdk_macro::bindings!();
