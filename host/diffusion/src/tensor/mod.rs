//! Immutable values on a device: what guests hold handles on.
//!
//! On the CPU an operation is one loop over slices; on other devices it is composed of candle
//! operations. Results are float32. Shapes broadcast by aligning at the last axis. Every allocation
//! is checked against [`amdm::limits::TENSOR_BYTES`] before it is made.

mod axes;
mod bislerp;
mod composed;
mod convolve;
mod elementwise;
mod errors;
mod host;
mod operations;
mod parts;
pub(crate) mod resample;
mod resize;
pub(crate) mod shape;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use candle_core::Tensor as CandleTensor;

pub use self::convolve::Edge;
pub use self::resize::Resampling;
use crate::device::Backend;
use crate::{Device, Result, error};

/// What one value of a tensor is stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dtype {
    /// 32 bits, IEEE.
    Float32,
    /// 16 bits, IEEE.
    Float16,
    /// The upper 16 bits of a `Float32`.
    Bfloat16,
    /// 0 to 255.
    Uint8,
    /// 64 bits, signed.
    Int64,
}

impl Dtype {
    /// Bytes of one value.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Float32 => 4,
            Self::Float16 | Self::Bfloat16 => 2,
            Self::Uint8 => 1,
            Self::Int64 => 8,
        }
    }
}

/// A tensor on a [`Device`]. Cloning copies a handle, never values.
#[derive(Clone)]
pub struct Tensor {
    device: Device,
    shape: Arc<[u32]>,
    storage: Storage,
}

#[derive(Clone)]
enum Storage {
    /// `count(shape)` values from `start` on.
    Host {
        values: Arc<Vec<f32>>,
        start: usize,
    },
    Composed(CandleTensor),
}

impl Tensor {
    /// Copies values, row-major and `product(shape)` of them, to `device`.
    ///
    /// A `Vec` is taken over on the CPU instead of copied.
    ///
    /// # Errors
    /// `invalid_input` where the number of values or an extent does not fit, `limit_exceeded` above
    /// [`amdm::limits::TENSOR_BYTES`].
    pub fn from_f32(device: &Device, shape: &[u32], values: impl Into<Vec<f32>>) -> Result<Self> {
        let count = shape::count(shape)?;
        let values = values.into();
        if values.len() != count {
            return Err(errors::values(values.len(), shape, count));
        }
        match device.backend() {
            Backend::Host => Ok(Self::host(device, shape, values)),
            Backend::Composed(candle) => {
                let extents: Vec<usize> = shape.iter().map(|&extent| extent as usize).collect();
                let tensor = CandleTensor::from_vec(values, extents, candle);
                Self::composed(device, tensor.map_err(error::from_candle)?)
            }
        }
    }

    /// One value everywhere.
    ///
    /// # Errors
    /// `invalid_input` where an extent does not fit, `limit_exceeded` above
    /// [`amdm::limits::TENSOR_BYTES`].
    #[allow(clippy::cast_possible_truncation)]
    pub fn full(device: &Device, shape: &[u32], value: f64) -> Result<Self> {
        let count = shape::count(shape)?;
        Self::from_f32(device, shape, vec![value as f32; count])
    }

    /// Waits for the device and copies the values, row-major.
    ///
    /// # Errors
    /// The device's own.
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        match &self.storage {
            Storage::Host { .. } => Ok(self.values().to_vec()),
            Storage::Composed(tensor) => composed::read(tensor),
        }
    }

    /// The values, row-major; copied only from a device.
    pub(crate) fn read(&self) -> Result<Cow<'_, [f32]>> {
        match &self.storage {
            Storage::Host { .. } => Ok(Cow::Borrowed(self.values())),
            Storage::Composed(tensor) => composed::read(tensor).map(Cow::Owned),
        }
    }

    /// The values where they lie, row-major; none on devices with a memory of their own.
    pub fn on_host(&self) -> Option<&[f32]> {
        match &self.storage {
            Storage::Host { .. } => Some(self.values()),
            Storage::Composed(_) => None,
        }
    }

    /// Extents, the batch first, without a copy.
    pub fn extents(&self) -> &[u32] {
        &self.shape
    }

    /// Where the values lie.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What a value is stored as.
    pub fn dtype(&self) -> Dtype {
        match &self.storage {
            Storage::Host { .. } => Dtype::Float32,
            Storage::Composed(tensor) => composed::dtype(tensor),
        }
    }

    /// Number of values.
    pub fn count(&self) -> usize {
        self.shape.iter().map(|&extent| extent as usize).product()
    }

    /// Bytes of the values.
    pub fn bytes(&self) -> usize {
        self.count() * self.dtype().bytes()
    }

    /// Address and bytes of the storage that it keeps alive; views and clones share it. On devices
    /// of candle's the bytes are the view's own.
    pub fn storage(&self) -> (usize, usize) {
        match &self.storage {
            Storage::Host { values, .. } => {
                (Arc::as_ptr(values).addr(), values.capacity() * size_of::<f32>())
            }
            Storage::Composed(tensor) => {
                let (storage, _) = tensor.storage_and_layout();
                (std::ptr::from_ref(&*storage).addr(), self.bytes())
            }
        }
    }

    /// The same values in a storage of at most twice their size, for those who keep them long.
    ///
    /// # Errors
    /// The device's own.
    pub fn compact(self) -> Result<Self> {
        match &self.storage {
            Storage::Host { .. } if self.storage().1 > 2 * self.bytes() => {
                Ok(Self::host(&self.device, &self.shape, self.values().to_vec()))
            }
            _ => Ok(self),
        }
    }

    /// A tensor over values that fit `shape`, which is within the limits.
    pub(crate) fn host(device: &Device, shape: &[u32], values: Vec<f32>) -> Self {
        let storage = Storage::Host { values: Arc::new(values), start: 0 };
        Self { device: device.clone(), shape: shape.into(), storage }
    }

    /// A tensor over one of candle's.
    pub(crate) fn composed(device: &Device, tensor: CandleTensor) -> Result<Self> {
        let shape: std::result::Result<Arc<[u32]>, _> =
            tensor.dims().iter().map(|&extent| u32::try_from(extent)).collect();
        let shape = shape.map_err(|_| errors::extent())?;
        Ok(Self { device: device.clone(), shape, storage: Storage::Composed(tensor) })
    }

    /// The values of a tensor on the CPU, empty for other devices.
    pub(crate) fn values(&self) -> &[f32] {
        match &self.storage {
            Storage::Host { values, start } => &values[*start..*start + self.count()],
            Storage::Composed(_) => &[],
        }
    }

    /// candle's tensor, where the device is one of candle's.
    pub(crate) fn candle(&self) -> Option<&CandleTensor> {
        match &self.storage {
            Storage::Host { .. } => None,
            Storage::Composed(tensor) => Some(tensor),
        }
    }

    fn meets(&self, other: &Self) -> Result<()> {
        if self.device.is_same(&other.device) {
            return Ok(());
        }
        Err(errors::devices(&self.device, &other.device))
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({:?}, {:?}, {})", self.dtype(), self.shape, self.device.name())
    }
}
