//! Pictures: read from the input directory, written as PNG to the output directory, drawn as
//! labels.

mod clock;
mod depth;
pub mod label;
mod naming;
mod place;
mod read;
mod write;

pub use clock::{Clock, Moment};
pub use read::Inputs;
pub(crate) use write::name;
pub use write::{Outputs, Picture};
