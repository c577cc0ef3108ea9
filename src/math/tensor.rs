//! The operations that the algorithm asks of a tensor.
//!
//! The host's device tensor, the guest's handle on it and the dense test tensor implement the same
//! trait, so one implementation of the maths serves all three. The first axis is the batch; a
//! *sample* is one entry of it. Per-sample quantities are tensors of shape `[batch]`.

use alloc::vec::Vec;

use crate::error::Error;

/// Calls a macro with the operations of one operand, each with its documentation. They stand here
/// once: the trait declares them from this list, and those that only forward are made from it.
#[macro_export]
macro_rules! unary_operations {
    ($each:ident) => {
        $each! {
            /// Elementwise square root.
            sqrt
            /// Elementwise sine, radians.
            sin
            /// Elementwise arc cosine, radians.
            acos
        }
    };
}

/// The same for operations of two operands.
#[macro_export]
macro_rules! binary_operations {
    ($each:ident) => {
        $each! {
            /// `self + other`, elementwise with broadcasting, as all but the last.
            add
            /// `self - other`.
            sub
            /// `self * other`.
            mul
            /// `self / other`.
            div
            /// The smaller of the two, elementwise.
            minimum
            /// The larger of the two, elementwise.
            maximum
            /// Inner product of each sample with its counterpart: shape `[batch]`.
            sample_dot
        }
    };
}

macro_rules! declare_unary {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])* fn $name(&self) -> Result<Self, Error>;)*
    };
}

macro_rules! declare_binary {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])* fn $name(&self, other: &Self) -> Result<Self, Error>;)*
    };
}

/// A tensor on some device. Operations may be queued; results are immutable.
///
/// Every operation fails with [`crate::error::Code::InvalidInput`] where shapes do not fit, and
/// with the device's own error otherwise.
pub trait Tensor: Sized {
    unary_operations!(declare_unary);
    binary_operations!(declare_binary);
    /// Extents, the batch first.
    fn shape(&self) -> Vec<u32>;
    /// A second handle on the same storage; copies nothing.
    fn share(&self) -> Self;
    /// `sum(weight * term)`; all terms of one shape, at least one.
    fn linear_combination(terms: &[(&Self, f64)]) -> Result<Self, Error>;
    /// `sum(weights[i] * terms[i])` with one weight per sample: each weight has shape `[batch]`.
    fn sample_combination(terms: &[&Self], weights: &[&Self]) -> Result<Self, Error>;
    /// `mul * self + add`.
    fn affine(&self, mul: f64, add: f64) -> Result<Self, Error>;
    /// Elementwise into `[low, high]`.
    fn clamp(&self, low: f64, high: f64) -> Result<Self, Error>;
    /// Elementwise `self > threshold ? a : b`.
    fn select(&self, threshold: f64, a: &Self, b: &Self) -> Result<Self, Error>;
    /// The same values under other extents.
    fn reshape(&self, shape: &[u32]) -> Result<Self, Error>;
}
