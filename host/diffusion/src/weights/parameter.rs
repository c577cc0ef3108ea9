//! Values of one layer, where the layer runs.

use std::ops::Range;
use std::sync::Arc;

use amdm::error::{Code, Error};
use candle_core::Tensor as CandleTensor;

use super::View;
use crate::device::Backend;
use crate::{Device, Result, error};

/// Most values of a tensor that is expanded when it is loaded (512 KiB as float32): of a network
/// that needs memory for its weights these are a few hundredths, and a small network is spared the
/// expansion in every call.
const EXPANDED_MAX: usize = 128 << 10;

/// Values of one layer where the layer runs.
#[derive(Clone)]
pub(crate) enum Parameter {
    Host(Stored),
    /// float32.
    Composed(CandleTensor),
}

/// Values in the host's memory, row-major.
#[derive(Clone)]
pub(crate) enum Stored {
    Floats(Arc<Vec<f32>>),
    /// In their file, as it stores them.
    File(View),
}

impl Parameter {
    /// `values`, row-major under `shape`, on `device`.
    pub(crate) fn new(device: &Device, shape: &[usize], values: Vec<f32>) -> Result<Self> {
        match device.backend() {
            Backend::Host => Ok(Self::Host(Stored::Floats(Arc::new(values)))),
            Backend::Composed(candle) => CandleTensor::from_vec(values, shape, candle)
                .map(Self::Composed)
                .map_err(error::from_candle),
        }
    }

    /// The values of a file, on `device`: on the host they stay there as they are stored, unless
    /// they are few or lie where float32 cannot be read.
    pub(crate) fn of(device: &Device, view: &View) -> Result<Self> {
        match device.backend() {
            Backend::Host => Ok(Self::Host(Stored::new(view))),
            Backend::Composed(_) => Self::new(device, view.shape(), view.to_vec()),
        }
    }
}

impl Stored {
    /// The values of a file.
    pub(crate) fn new(view: &View) -> Self {
        let is_read_in_place = view.as_f32().is_some() || view.dtype().size() < size_of::<f32>();
        if is_read_in_place && view.count() > EXPANDED_MAX {
            Self::File(view.clone())
        } else {
            Self::Floats(Arc::new(view.to_vec()))
        }
    }

    /// All values where they need no expansion, as those of vectors never do.
    pub(crate) fn values(&self) -> Result<&[f32]> {
        self.in_place().ok_or_else(|| {
            Error::new(Code::Internal, "a vector of a layer is longer than layers are wide")
        })
    }

    /// The values `rows` x `columns` of the matrix whose rows are `width` long, and the distance of
    /// one row of them to the next; in `scratch` where they must be expanded.
    pub(crate) fn block<'a>(
        &'a self,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
        scratch: &'a mut [f32],
    ) -> (&'a [f32], usize) {
        let start = rows.start * width + columns.start;
        match self {
            Self::Floats(values) => (&values[start..], width),
            Self::File(view) => match view.as_f32() {
                Some(values) => (&values[start..], width),
                None => {
                    let step = columns.len();
                    let scratch = &mut scratch[..rows.len() * step];
                    if step == width {
                        view.expand_into(start, scratch);
                    } else {
                        let places = scratch.chunks_exact_mut(step);
                        for (row, place) in rows.zip(places) {
                            view.expand_into(row * width + columns.start, place);
                        }
                    }
                    (scratch, step)
                }
            },
        }
    }

    /// Whether [`Stored::block`] needs no scratch.
    pub(crate) fn is_in_place(&self) -> bool {
        self.in_place().is_some()
    }

    fn in_place(&self) -> Option<&[f32]> {
        match self {
            Self::Floats(values) => Some(values),
            Self::File(view) => view.as_f32(),
        }
    }
}
