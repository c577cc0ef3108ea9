//! One file a command.

pub mod check;
pub mod completions;
pub mod convert;
mod dump;
mod execution;
mod faults;
mod files;
pub mod inputs;
pub mod nodes;
pub mod packs;
pub mod plan;
mod result;
pub mod run;
pub mod schema;
mod settings;
mod source;
mod sweep;
