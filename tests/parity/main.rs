//! Numbers against recorded reference tensors, at the tolerance each fixture states.
//!
//! Reads `AMDM_FIXTURES` where set, else `tests/fixtures`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod noise;
mod tiny_family;
