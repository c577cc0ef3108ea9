//! What a node is: descriptors, the JSON that packs carry and graphs are validated against.

mod descriptor;

pub use descriptor::{Choice, Descriptor, Input, Output, StepOperator};
