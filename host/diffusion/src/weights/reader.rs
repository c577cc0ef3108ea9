//! Weights out of a safetensors file, checked by name and shape, onto a device.

use amdm::error::Error;
use safetensors::{Dtype, SafeTensors};

use super::{Parameter, Stored, StoredDtype, View, WeightFile};
use crate::{Device, Result, error};

/// A file of weights, and the device that they go to.
pub(crate) struct Weights<'a> {
    file: &'a WeightFile,
    tensors: SafeTensors<'a>,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    /// Reads the header of `file`.
    pub(crate) fn parse(file: &'a WeightFile, device: &'a Device) -> Result<Self> {
        let tensors = SafeTensors::deserialize(file.bytes())
            .map_err(|e| Error::invalid(format!("weights are no safetensors: {e}")))?;
        Ok(Self { file, tensors, device })
    }

    /// Where the layers run.
    pub(crate) fn device(&self) -> &'a Device {
        self.device
    }

    /// The extents of the tensor called `name`; none where there is no such tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.tensor(name).ok().map(|view| view.shape().to_vec())
    }

    /// The tensor called `name`, which must have `shape`, on the device.
    pub(crate) fn parameter(&self, name: &str, shape: &[usize]) -> Result<Parameter> {
        Parameter::of(self.device, &self.view(name, shape)?)
    }

    /// The tensor called `name`, which must have `shape`, in the host's memory.
    pub(crate) fn stored(&self, name: &str, shape: &[usize]) -> Result<Stored> {
        Ok(Stored::new(&self.view(name, shape)?))
    }

    /// The values of the tensor called `name`, which must have `shape`.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        Ok(self.view(name, shape)?.to_vec())
    }

    /// The tensor where it lies. A 1x1 convolution and a linear layer are stored alike.
    fn view(&self, name: &str, shape: &[usize]) -> Result<View> {
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|_| Error::invalid(format!("weights lack the tensor `{name}`")))?;
        if without_ones(tensor.shape()) != without_ones(shape) {
            let found = tensor.shape();
            let message = format!("weight `{name}` has shape {found:?}, expected {shape:?}");
            return Err(Error::invalid(message));
        }
        let dtype = match tensor.dtype() {
            Dtype::F32 => StoredDtype::F32,
            Dtype::F16 => StoredDtype::F16,
            Dtype::BF16 => StoredDtype::BF16,
            found => {
                let message = format!("weight `{name}` is {found:?}, expected F32, F16 or BF16");
                return Err(error::unsupported(message));
            }
        };
        let start = tensor.data().as_ptr().addr() - self.file.bytes().as_ptr().addr();
        View::new(self.file, start, dtype, shape)
            .ok_or_else(|| Error::invalid(format!("weight `{name}` lies outside its file")))
    }
}

/// The extents up to the last one above 1, but for the first.
fn without_ones(shape: &[usize]) -> &[usize] {
    let trailing = shape.iter().skip(1).rev().take_while(|&&extent| extent == 1).count();
    &shape[..shape.len() - trailing]
}
