//! One file a command.

pub mod check;
pub mod completions;
pub mod nodes;
pub mod packs;
mod result;
pub mod run;
mod source;
