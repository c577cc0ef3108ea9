//! Results of nodes are kept, found again by what they were made of, and never change a picture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod disk;
mod keys;
mod stage;
