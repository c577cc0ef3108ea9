//! One file a command.

pub mod check;
pub mod completions;
pub mod convert;
pub mod nodes;
pub mod packs;
pub mod run;
mod source;
