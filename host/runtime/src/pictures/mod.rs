//! Pictures: read from the input directory, written as PNG to the output directory, drawn as labels.

mod clock;
mod inputs;
pub mod label;
mod naming;
mod outputs;
mod place;

pub use clock::{Clock, Moment};
pub use inputs::Inputs;
pub(crate) use outputs::name;
pub use outputs::{Outputs, Picture};
