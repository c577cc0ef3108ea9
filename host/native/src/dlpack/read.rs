//! Values of another library's tensor, whatever their type and layout: row-major float32.

use super::{BFLOAT, BOOL, CPU, DLTensor, FLOAT, INT, UINT, row_major};
use crate::layout::slice;
use crate::picture::room;
use crate::status::{AMDM_STATUS_UNSUPPORTED, Fail};
use crate::tensor::{AMDM_RANK_MAX, count};

/// Memory of the CPU that a GPU may read.
const CUDA_HOST: i32 = 3;

/// Appends `count` values that lie `step` bytes apart from an address on. Values must lie there,
/// and the vector must have room for them.
type ReadLine = unsafe fn(from: *const u8, count: usize, step: isize, to: &mut Vec<f32>);

/// Extents and values, row-major.
///
/// # Safety
/// The tensor is as DLPack says.
pub(super) unsafe fn read(tensor: &DLTensor, stream: i64) -> Result<(Vec<u32>, Vec<f32>), Fail> {
    let unsupported = |message: String| Err(Fail::new(AMDM_STATUS_UNSUPPORTED, message));
    let device = tensor.device_type;
    if ![CPU, CUDA_HOST].contains(&device) || stream > 0 {
        return unsupported(format!(
            "found a tensor on the DLPack device {device} and stream {stream}, expected one in \
             memory of the CPU, and stream 0"
        ));
    }
    let rank = usize::try_from(tensor.ndim).ok().filter(|rank| *rank <= AMDM_RANK_MAX);
    let Some(rank) = rank else {
        let rank = tensor.ndim;
        return Err(Fail::argument(format!("found {rank} extents, at most {AMDM_RANK_MAX}")));
    };
    // SAFETY: DLPack says that the lists have `ndim` entries.
    let extents = unsafe { slice(tensor.shape.cast_const(), rank, "shape")? };
    let shape = extents.iter().map(|&extent| u32::try_from(extent)).collect::<Result<Vec<_>, _>>();
    let Ok(shape) = shape else {
        return Err(Fail::argument(format!("found shape {extents:?}, expected 0 to 2^32 - 1")));
    };
    let count = count(&shape)?;
    let strides = if tensor.strides.is_null() {
        row_major(extents)
    } else {
        // SAFETY: as for the shape.
        unsafe { slice(tensor.strides.cast_const(), rank, "strides")? }.to_vec()
    };
    if count > 0 && tensor.data.is_null() {
        return Err(Fail::argument("found no data in the managed tensor"));
    }
    let Some(line) = reader((tensor.code, tensor.bits, tensor.lanes)) else {
        let DLTensor { code, bits, lanes, .. } = *tensor;
        return unsupported(format!(
            "found values of DLPack type {code}, {bits} bits, {lanes} lanes, expected float32, \
             float16, bfloat16, float64, uint8, bool or int64"
        ));
    };
    let mut values = room(count)?;
    if count > 0 {
        let size = isize::from(tensor.bits / 8);
        // SAFETY: DLPack says that the values start there.
        let first = unsafe { tensor.data.cast::<u8>().add(tensor.byte_offset as usize) };
        // SAFETY: DLPack says that values lie at all places within the extents, and there is room.
        unsafe { lines(first, (extents, &strides), size, line, &mut values) };
    }
    Ok((shape, values))
}

/// Appends all values, by the longest lines that the layout has.
///
/// # Safety
/// No extent is 0, values of `size` bytes lie at all places of the layout, and `to` has room.
unsafe fn lines(
    first: *const u8,
    (extents, strides): (&[i64], &[i64]),
    size: isize,
    line: ReadLine,
    to: &mut Vec<f32>,
) {
    let mut axes = axes(extents, strides);
    let (count, stride) = axes.pop().unwrap_or((1, 1));
    let mut at = vec![0; axes.len()];
    // Of the line, in values. What wraps here is no layout of anything in memory.
    let mut offset = 0i64;
    let bytes = |stride: i64| (stride as isize).wrapping_mul(size);
    let step = bytes(stride);
    loop {
        // SAFETY: the caller says that values lie there, and that there is room.
        unsafe { line(first.offset(bytes(offset)), count as usize, step, to) };
        let mut axis = axes.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            let (extent, stride) = axes[axis];
            at[axis] += 1;
            offset = offset.wrapping_add(stride);
            if at[axis] < extent {
                break;
            }
            at[axis] = 0;
            offset = offset.wrapping_sub(stride.wrapping_mul(extent));
        }
    }
}

/// Extents and strides of a layout without axes of one entry; where one axis goes on where the next
/// one ends, both are one.
fn axes(extents: &[i64], strides: &[i64]) -> Vec<(i64, i64)> {
    let mut axes = Vec::<(i64, i64)>::with_capacity(extents.len());
    for (&extent, &stride) in extents.iter().zip(strides).filter(|(extent, _)| **extent != 1) {
        match axes.last_mut() {
            Some(outer) if stride.checked_mul(extent) == Some(outer.1) => {
                *outer = (outer.0 * extent, stride);
            }
            _ => axes.push((extent, stride)),
        }
    }
    axes
}

/// How values of a type (code, bits, lanes) are read.
fn reader(kind: (u8, u8, u16)) -> Option<ReadLine> {
    macro_rules! read {
        ($type:ty, $convert:expr) => {{
            unsafe fn read(from: *const u8, count: usize, step: isize, to: &mut Vec<f32>) {
                // A step that is known when this is compiled makes the loop a fast one.
                const NEXT: isize = size_of::<$type>() as isize;
                let convert: fn($type) -> f32 = $convert;
                let value = |at: usize, step: isize| {
                    // SAFETY: the caller says that a value of the type lies there.
                    let value = unsafe { from.offset(at as isize * step).cast::<$type>() };
                    // SAFETY: as above.
                    convert(unsafe { value.read_unaligned() })
                };
                match step {
                    NEXT => to.extend((0..count).map(|at| value(at, NEXT))),
                    step => to.extend((0..count).map(|at| value(at, step))),
                }
            }
            read
        }};
    }
    Some(match kind {
        (FLOAT, 32, 1) => floats,
        (FLOAT, 64, 1) => read!(f64, |value| value as f32),
        (FLOAT, 16, 1) => read!(u16, |bits| half::f16::from_bits(bits).to_f32()),
        (BFLOAT, 16, 1) => read!(u16, |bits| half::bf16::from_bits(bits).to_f32()),
        (UINT | BOOL, 8, 1) => read!(u8, f32::from),
        (INT, 64, 1) => read!(i64, |value| value as f32),
        _ => return None,
    })
}

/// Values that need no change: one copy where nothing lies between them.
unsafe fn floats(from: *const u8, count: usize, step: isize, to: &mut Vec<f32>) {
    if step != size_of::<f32>() as isize {
        // SAFETY: the caller says that a value lies there.
        let value = |at| unsafe { from.offset(at as isize * step).cast::<f32>().read_unaligned() };
        to.extend((0..count).map(value));
        return;
    }
    // SAFETY: the caller says that the values lie there, side by side; there is room for them,
    // which nobody else has.
    unsafe {
        let end = to.as_mut_ptr().add(to.len()).cast::<u8>();
        std::ptr::copy_nonoverlapping(from, end, count * size_of::<f32>());
        to.set_len(to.len() + count);
    }
}
