//! Extents: how many values they hold, how two of them broadcast.

use amdm::error::{Code, Error};
use amdm::limits::TENSOR_BYTES;

use crate::Result;

/// Most axes of a tensor: images in batches have 4, nothing here has more than 6.
const AXES_MAX: usize = 8;

/// Values of a float32 tensor of these extents; none are a scalar's.
///
/// # Errors
/// `invalid_input` for a zero extent or more than 8 axes, `limit_exceeded` above
/// [`TENSOR_BYTES`].
pub(crate) fn count(shape: &[u32]) -> Result<usize> {
    if shape.len() > AXES_MAX {
        let found = shape.len();
        return Err(Error::invalid(format!("found {found} axes, expected at most {AXES_MAX}")));
    }
    if shape.contains(&0) {
        return Err(Error::invalid(format!("found shape {shape:?}, expected extents above 0")));
    }
    let bytes = shape.iter().try_fold(4_usize, |n, &extent| n.checked_mul(extent as usize));
    match bytes {
        Some(bytes) if bytes <= TENSOR_BYTES => Ok(bytes / 4),
        found => {
            let found = found.map_or("more than memory can hold".to_owned(), |n| n.to_string());
            let message = format!(
                "a tensor of shape {shape:?} has {found} bytes, the limit is {TENSOR_BYTES}"
            );
            Err(Error::new(Code::LimitExceeded, message))
        }
    }
}

/// Values of one sample: the product of all extents but the first.
pub(crate) fn sample_len(shape: &[u32]) -> usize {
    shape.iter().skip(1).map(|&extent| extent as usize).product()
}

/// The extents that both broadcast to: aligned at the last axis, an extent of 1 fits any other.
pub(crate) fn broadcast(a: &[u32], b: &[u32]) -> Result<Vec<u32>> {
    let axes = a.len().max(b.len());
    let extent = |shape: &[u32], axis: usize| {
        (axis + shape.len()).checked_sub(axes).map_or(1, |index| shape[index])
    };
    let merge = |axis| match (extent(a, axis), extent(b, axis)) {
        (x, y) if x == y || y == 1 => Some(x),
        (1, y) => Some(y),
        _ => None,
    };
    let shape: Option<Vec<u32>> = (0..axes).map(merge).collect();
    let shape = shape.ok_or_else(|| mismatch(a, b))?;
    count(&shape)?;
    Ok(shape)
}

/// Two shapes that do not fit each other.
pub(crate) fn mismatch(a: &[u32], b: &[u32]) -> Error {
    Error::invalid(format!("shapes {a:?} and {b:?} do not fit"))
}
