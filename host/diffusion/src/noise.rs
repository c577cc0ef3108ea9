//! Standard normal tensors from our own generators, the same on every device.

use amdm::rng::TorchCpu;

use crate::tensor::shape;
use crate::{Device, Result, Tensor};

/// A stream of standard normal values, equal to torch's CPU generator of the same seed.
///
/// One lane has one generator: its initial noise first, then the noise of its steps.
#[derive(Clone)]
pub struct Generator(TorchCpu);

impl Generator {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(TorchCpu::new(seed))
    }

    /// The next values of the stream, row-major under `shape`, on `device`.
    ///
    /// # Errors
    /// `invalid_input` and `limit_exceeded` for shapes no tensor may have; nothing is drawn then.
    pub fn normal(&mut self, device: &Device, shape: &[u32]) -> Result<Tensor> {
        let count = shape::count(shape)?;
        Tensor::from_f32(device, shape, self.0.normal(count))
    }
}
