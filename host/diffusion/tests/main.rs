//! What the device layer promises to those who build on it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

mod conditions;
mod entries;
mod family;
mod headers;
mod images;
mod models;
mod planes;
mod tensors;
mod text;
