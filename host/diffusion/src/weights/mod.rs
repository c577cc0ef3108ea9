//! Weights: files of them, what their headers say, and the values of layers on a device.

mod architecture;
mod checkpoint;
mod file;
mod folder;
mod header;
mod names;
mod parameter;
mod pickle;
mod reader;
mod tensor_file;
mod view;

pub use architecture::Architecture;
pub(crate) use checkpoint::Checkpoint;
pub use file::WeightFile;
pub use header::{Header, TensorInfo};
pub(crate) use names::Names;
pub use names::Part;
pub(crate) use parameter::{Parameter, Stored};
pub(crate) use reader::Weights;
pub(crate) use tensor_file::TensorFile;
pub(crate) use view::{StoredDtype, View};

use header::{bytes_of, quoted};

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod memory;
