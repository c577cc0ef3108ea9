//! The standard pack: the nodes of `wit/standard-*.wit`, one file a node, a folder for each file of
//! the WIT.
//!
//! Built for `wasm32-wasip2` by `cargo xtask nodes` without the standard library and without an
//! import of WASI. Formulas come from `amdm::math`; what needs a device, a file or a network asks
//! the host. On other targets this is an ordinary library, for tests.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod codec;
mod conditioning;
mod image;
mod latent;
mod mask;
mod models;
mod operators;
mod sampling;
mod text;
mod values;

mod area;
mod batch;
mod composite;
pub mod pack;
