//! Pictures: read from the input directory, written as PNG to the output directory, drawn as labels.

mod inputs;
pub mod label;
mod outputs;
mod place;

pub use inputs::Inputs;
pub use outputs::Outputs;
