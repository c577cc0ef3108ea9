//! Aggregation of multiple diffusion models (AMDM, arXiv 2410.01262): the pure part.
//!
//! * [`math`]: aggregation, refinement, schedules, solvers and the step loop as formulas over a
//!   small tensor trait. `no_std`; the same code runs in WebAssembly nodes, in tests and natively.
//! * [`graph`]: node graphs in the API ("prompt") JSON format: parse, validate, plan, metadata.
//! * [`catalogue`]: what a node is: descriptors, derived from WIT interfaces.
//! * [`rng`]: noise streams that equal those of torch's CPU generator.
//! * [`error`], [`limits`]: stable error codes and named bounds.
//! * [`codes!`], [`phases!`], [`parts!`], [`prediction_kinds!`]: for types elsewhere that have the
//!   cases of an enum here, functions both ways.
//!
//! Nothing here knows WebAssembly, a device or a file.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[macro_use]
mod table;

#[cfg(feature = "std")]
pub mod catalogue;
pub mod error;
#[cfg(feature = "std")]
pub mod graph;
#[cfg(feature = "std")]
pub mod limits;
pub mod math;
pub mod rng;
