//! Values of one layer, where the layer runs.

use candle_core::Tensor as CandleTensor;

use crate::device::Backend;
use crate::{Device, Result, error};

/// Values of one layer where the layer runs: float32 on the host.
#[derive(Clone)]
pub(crate) enum Parameter {
    Host(Vec<f32>),
    Composed(CandleTensor),
}

impl Parameter {
    /// `values`, row-major under `shape`, on `device`.
    pub(crate) fn new(device: &Device, shape: &[usize], values: Vec<f32>) -> Result<Self> {
        match device.backend() {
            Backend::Host => Ok(Self::Host(values)),
            Backend::Composed(candle) => CandleTensor::from_vec(values, shape, candle)
                .map(Self::Composed)
                .map_err(error::from_candle),
        }
    }
}
