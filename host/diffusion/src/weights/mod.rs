//! Weights: files of them, what their headers say, and the values of layers on a device.

mod file;
mod header;
mod parameter;
mod reader;
mod view;

pub use file::WeightFile;
pub use header::{Header, TensorInfo};
pub(crate) use parameter::{Parameter, Stored};
pub(crate) use reader::Weights;
pub(crate) use view::{StoredDtype, View};
