//! `libamdm`: all functions of [`amdm_native`] as a C library, shared and static.
//!
//! The header is `include/amdm.h`, which a test generates from that crate and compares; `README.md`
//! says how to use both.

pub use amdm_native::*;
