//! Weights out of safetensors bytes, checked by name and shape, onto a device.

use amdm::error::Error;
use half::{bf16, f16};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::Parameter;
use crate::{Device, Result, error};

/// A file of weights, and the device that they go to.
pub(crate) struct Weights<'a> {
    file: SafeTensors<'a>,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    /// Reads the header of `bytes`.
    pub(crate) fn parse(bytes: &'a [u8], device: &'a Device) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::invalid(format!("weights are no safetensors: {e}")))?;
        Ok(Self { file, device })
    }

    /// The tensor called `name`, which must have `shape`, on the device.
    pub(crate) fn parameter(&self, name: &str, shape: &[usize]) -> Result<Parameter> {
        Parameter::new(self.device, shape, self.values(name, shape)?)
    }

    /// The values of the tensor called `name`, which must have `shape`.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let view = self
            .file
            .tensor(name)
            .map_err(|_| Error::invalid(format!("weights lack the tensor `{name}`")))?;
        if view.shape() != shape {
            let found = view.shape();
            let message = format!("weight `{name}` has shape {found:?}, expected {shape:?}");
            return Err(Error::invalid(message));
        }
        expand(&view).ok_or_else(|| {
            let found = view.dtype();
            let message = format!("weight `{name}` is {found:?}, expected F32, F16 or BF16");
            error::unsupported(message)
        })
    }
}

fn expand(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let (words, _) = view.data().as_chunks::<4>();
    let (halves, _) = view.data().as_chunks::<2>();
    match view.dtype() {
        Dtype::F32 => Some(words.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
        Dtype::F16 => Some(halves.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect()),
        Dtype::BF16 => Some(halves.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect()),
        _ => None,
    }
}
