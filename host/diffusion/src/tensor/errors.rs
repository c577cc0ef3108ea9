//! What operations on tensors say where their operands do not fit. All texts of this room are here.

use amdm::error::{Code, Error};
use amdm::limits::TENSOR_BYTES;

use crate::Device;

/// More axes than a tensor may have.
pub(super) fn axes(found: usize, most: usize) -> Error {
    Error::invalid(format!("found {found} axes, expected at most {most}"))
}

/// An extent of 0.
pub(super) fn empty(shape: &[u32]) -> Error {
    Error::invalid(format!("found shape {shape:?}, expected extents above 0"))
}

/// An extent beyond what shapes count with.
pub(super) fn extent() -> Error {
    Error::invalid("an extent above 2^32 - 1")
}

/// A tensor of more bytes than one may have; none where they cannot be counted.
pub(super) fn bytes(shape: &[u32], found: Option<usize>) -> Error {
    let found = found.map_or("more than memory can hold".to_owned(), |bytes| bytes.to_string());
    let message =
        format!("a tensor of shape {shape:?} has {found} bytes, the limit is {TENSOR_BYTES}");
    Error::new(Code::LimitExceeded, message)
}

/// Another number of values than the shape holds.
pub(super) fn values(found: usize, shape: &[u32], expected: usize) -> Error {
    Error::invalid(format!("found {found} values for shape {shape:?}, expected {expected}"))
}

/// Two shapes that do not fit each other.
pub(super) fn shapes(a: &[u32], b: &[u32]) -> Error {
    Error::invalid(format!("shapes {a:?} and {b:?} do not fit"))
}

/// Operands on two devices.
pub(super) fn devices(a: &Device, b: &Device) -> Error {
    let (a, b) = (a.name(), b.name());
    Error::invalid(format!("tensors of two devices, {a} and {b}, in one operation"))
}

/// The same where only one of them is known.
pub(super) fn other_device() -> Error {
    Error::invalid("tensors of two devices in one operation")
}

/// A combination of nothing.
pub(super) fn no_terms() -> Error {
    Error::invalid("no terms, expected at least one")
}

/// Nothing to join.
pub(super) fn no_parts() -> Error {
    Error::invalid("no parts, expected one")
}

/// A tensor without a batch axis.
pub(super) fn scalar() -> Error {
    Error::invalid("a scalar, expected a batch axis")
}

/// Another number of weights than of terms.
pub(super) fn weights(found: usize, expected: usize) -> Error {
    Error::invalid(format!("found {found} weights, expected {expected}"))
}

/// Weights that are not one a sample.
pub(super) fn weight_shape(found: &[u32], batch: u32) -> Error {
    Error::invalid(format!("found weights {found:?}, expected [{batch}]"))
}

/// Bounds that enclose nothing.
pub(super) fn bounds(low: f64, high: f64) -> Error {
    Error::invalid(format!("found bounds {low} and {high}, expected low <= high"))
}

/// An axis that is not there.
pub(super) fn axis(found: u32, shape: &[u32]) -> Error {
    let axes = shape.len();
    Error::invalid(format!("found axis {found}, {shape:?} has {axes}"))
}

/// A range that is not inside an axis.
pub(super) fn range(length: u32, start: u32, axis: usize, shape: &[u32], extent: u32) -> Error {
    Error::invalid(format!(
        "found {length} entries from {start}, axis {axis} of {shape:?} has {extent}"
    ))
}

/// Fewer axes than an operation on planes needs.
pub(super) fn planes(found: &[u32], least: usize) -> Error {
    Error::invalid(format!("found shape {found:?}, expected at least {least} axes"))
}

/// A side that is longer than pictures are made.
pub(crate) fn side(found: u32, most: u32) -> Error {
    Error::new(Code::LimitExceeded, format!("found a side of {found}, the limit is {most}"))
}

/// A kernel without a middle.
pub(super) fn kernel(found: &[u32]) -> Error {
    Error::invalid(format!("found a kernel of shape {found:?}, expected [height, width], both odd"))
}

/// A kernel that reaches over the far edge of what it reflects.
pub(super) fn reflection(kernel: &[u32], shape: &[u32]) -> Error {
    Error::invalid(format!(
        "a kernel of shape {kernel:?} reaches beyond the reflection of {shape:?}"
    ))
}

/// More multiplications than one call may take.
pub(super) fn products(found: Option<u64>, most: u64) -> Error {
    let found = found.map_or("more than can be counted".to_owned(), |found| found.to_string());
    let message = format!("a convolution of {found} products, the limit is {most}");
    Error::new(Code::LimitExceeded, message)
}
