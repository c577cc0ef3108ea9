//! Weights: files of them, and the values of layers on a device.

mod file;
mod parameter;

pub(crate) use file::Weights;
pub(crate) use parameter::Parameter;
