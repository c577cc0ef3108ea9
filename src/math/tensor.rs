//! The operations that the algorithm asks of a tensor.
//!
//! The host's device tensor, the guest's handle on it and the dense test tensor implement the same
//! trait, so one implementation of the maths serves all three. The first axis is the batch; a
//! *sample* is one entry of it. Per-sample quantities are tensors of shape `[batch]`.

use alloc::vec::Vec;

use crate::error::Error;

/// A tensor on some device. Operations may be queued; results are immutable.
///
/// Every operation fails with [`crate::error::Code::InvalidInput`] where shapes do not fit, and with
/// the device's own error otherwise.
pub trait Tensor: Sized {
    /// Extents, the batch first.
    fn shape(&self) -> Vec<u32>;
    /// A second handle on the same storage; copies nothing.
    fn share(&self) -> Self;
    /// `sum(weight * term)`; all terms of one shape, at least one.
    fn linear_combination(terms: &[(&Self, f64)]) -> Result<Self, Error>;
    /// `sum(weights[i] * terms[i])` with one weight per sample: each weight has shape `[batch]`.
    fn sample_combination(terms: &[&Self], weights: &[&Self]) -> Result<Self, Error>;
    /// `self + other`, elementwise with broadcasting, as the three after it.
    fn add(&self, other: &Self) -> Result<Self, Error>;
    /// `self - other`.
    fn sub(&self, other: &Self) -> Result<Self, Error>;
    /// `self * other`.
    fn mul(&self, other: &Self) -> Result<Self, Error>;
    /// `self / other`.
    fn div(&self, other: &Self) -> Result<Self, Error>;
    /// `mul * self + add`.
    fn affine(&self, mul: f64, add: f64) -> Result<Self, Error>;
    /// The smaller of the two, elementwise.
    fn minimum(&self, other: &Self) -> Result<Self, Error>;
    /// The larger of the two, elementwise.
    fn maximum(&self, other: &Self) -> Result<Self, Error>;
    /// Elementwise into `[low, high]`.
    fn clamp(&self, low: f64, high: f64) -> Result<Self, Error>;
    /// Inner product of each sample with its counterpart: shape `[batch]`.
    fn sample_dot(&self, other: &Self) -> Result<Self, Error>;
    /// Elementwise square root.
    fn sqrt(&self) -> Result<Self, Error>;
    /// Elementwise sine, radians.
    fn sin(&self) -> Result<Self, Error>;
    /// Elementwise arc cosine, radians.
    fn acos(&self) -> Result<Self, Error>;
    /// Elementwise `self > threshold ? a : b`.
    fn select(&self, threshold: f64, a: &Self, b: &Self) -> Result<Self, Error>;
    /// The same values under other extents.
    fn reshape(&self, shape: &[u32]) -> Result<Self, Error>;
}
