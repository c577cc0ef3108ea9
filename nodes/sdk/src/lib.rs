//! What an author of AMDM node packs needs.
//!
//! A node is a WIT interface; [`pack!`] turns a directory of them into typed Rust. With
//! `wit/blur.wit`:
//!
//! ```wit
//! package acme:blur@1.2.0;
//! /// Softens an image.
//! /// @category Acme/filters
//! interface box-blur {
//!   use amdm:node/wires@0.1.0.{image};
//!   record inputs {
//!     image: image,
//!     /// In pixels.
//!     /// @default 3
//!     /// @range 1 64
//!     radius: u32,
//!   }
//!   record outputs { image: image }
//! }
//! ```
//!
//! the pack is a crate of type `cdylib`, built for `wasm32-wasip2`:
//!
//! ```ignore
//! #![cfg_attr(target_family = "wasm", no_std)]
//! extern crate alloc;
//! use amdm_sdk::{Call, Error};
//!
//! amdm_sdk::pack!(Blur, "wit");
//!
//! impl Nodes for Blur {
//!     fn box_blur(inputs: box_blur::Inputs, call: &Call) -> Result<box_blur::Outputs, Error> {
//!         ...
//!     }
//! }
//! ```
//!
//! A node with `@step-operator` has a function that returns a boxed [`Operator`] instead.
//!
//! # With and without the standard library
//! By default a pack for WebAssembly is `no_std` and imports nothing of WASI: this crate supplies
//! allocator, panic handler and `cabi_realloc`. A pack that uses the standard library enables the
//! feature `std`, and the standard library supplies them. On other targets the crate builds as an
//! ordinary library, so a pack's own tests run; only calls into the host are missing there.
//!
//! # Maths
//! With the feature `math` the formulas of the crate `amdm` run over the host's handles, and its
//! operators are step operators of a pack: the module `math`.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

extern crate alloc;

#[doc(hidden)]
pub mod bindings;
mod choice;
mod convert;
mod error;
#[doc(hidden)]
pub mod glue;
pub mod json;
#[cfg(feature = "math")]
pub mod math;
#[cfg(all(target_family = "wasm", not(feature = "std")))]
mod no_std;
mod object;
mod operator;

pub use amdm_sdk_macro::pack;
pub use bindings::amdm::node::{
    codecs, encoders, images, models, objects, sampling, tensors, types,
};
pub use codecs::{Codec, LatentInfo, Tiling};
pub use encoders::{TextEncoder, TextInfo};
pub use models::{Model, ModelInfo, NoiseLevel, Prediction, PredictionKind, Request, predict};
pub use objects::{Object, Value};
pub use operator::Operator;
pub use sampling::{Part, Phase, Policy, StepContext};
pub use tensors::{Generator, Tensor};
pub use types::{Dtype, Error, ErrorCode, LogLevel};

pub use crate::bindings::amdm::node::runtime::Call;
