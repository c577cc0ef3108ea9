//! The contract in Rust, generated from WIT (world `step-pack`).
#![allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    rustdoc::broken_intra_doc_links
)]

amdm_sdk_macro::bindings!();
