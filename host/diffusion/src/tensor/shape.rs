//! Extents: how many values they hold, how two of them broadcast.

use amdm::limits::TENSOR_BYTES;

use super::errors;
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
        return Err(errors::axes(shape.len(), AXES_MAX));
    }
    if shape.contains(&0) {
        return Err(errors::empty(shape));
    }
    let bytes = shape.iter().try_fold(4_usize, |n, &extent| n.checked_mul(extent as usize));
    match bytes {
        Some(bytes) if bytes <= TENSOR_BYTES => Ok(bytes / 4),
        found => Err(errors::bytes(shape, found)),
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
    let shape = shape.ok_or_else(|| errors::shapes(a, b))?;
    count(&shape)?;
    Ok(shape)
}
