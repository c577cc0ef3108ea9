//! Rounding, exponential and logarithm, value by value.

use candle_core::Tensor as CandleTensor;

use super::{Tensor, composed};
use crate::Result;

impl Tensor {
    /// To the nearest whole number, halves to the even one.
    ///
    /// # Errors
    /// The device's own.
    pub fn round(&self) -> Result<Self> {
        self.unary(f32::round_ties_even, composed::round)
    }

    /// The exponential.
    ///
    /// # Errors
    /// The device's own.
    pub fn exp(&self) -> Result<Self> {
        self.unary(libm::expf, CandleTensor::exp)
    }

    /// The natural logarithm; not a number below 0.
    ///
    /// # Errors
    /// The device's own.
    pub fn ln(&self) -> Result<Self> {
        self.unary(libm::logf, CandleTensor::log)
    }
}
