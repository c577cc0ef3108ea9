//! Tensors across the border: handles with references.

use std::sync::Arc;

use amdm_diffusion::{Device, Dtype, Tensor};

use crate::handle::{HANDLES, kind};
use crate::layout::{AmdmStr, Versioned, slice, write};
use crate::status::{AmdmStatus, Fail, guard};

/// A tensor: immutable values on a device, shared by references.
pub struct AmdmTensor {
    _private: [u8; 0],
}

kind!(Tensor, 4, "a tensor");

/// Most extents of a tensor.
pub const AMDM_RANK_MAX: usize = 8;

/// What a tensor is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmTensorInfo {
    /// `sizeof(AmdmTensorInfo)`, set by the caller.
    pub struct_size: usize,
    /// `AMDM_DTYPE_*`.
    pub dtype: u32,
    /// Extents in use, 0 to `AMDM_RANK_MAX`.
    pub rank: u32,
    /// Extents, the batch first.
    pub shape: [u32; AMDM_RANK_MAX],
    /// Bytes of the values.
    pub bytes: u64,
    /// Name of the device, such as `cpu`; lives as long as the tensor.
    pub device: AmdmStr,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmTensorInfo {
    const FIRST: usize = std::mem::offset_of!(Self, device) + size_of::<AmdmStr>();
}

/// Floats of 32 bits; what tensors of this library hold on the CPU.
pub const AMDM_DTYPE_F32: u32 = 1;
/// Floats of 16 bits.
pub const AMDM_DTYPE_F16: u32 = 2;
/// The upper 16 bits of a float of 32.
pub const AMDM_DTYPE_BF16: u32 = 3;
/// Bytes.
pub const AMDM_DTYPE_U8: u32 = 4;
/// Whole numbers of 64 bits.
pub const AMDM_DTYPE_I64: u32 = 5;

pub(crate) fn dtype(dtype: Dtype) -> u32 {
    match dtype {
        Dtype::Float16 => AMDM_DTYPE_F16,
        Dtype::Bfloat16 => AMDM_DTYPE_BF16,
        Dtype::Uint8 => AMDM_DTYPE_U8,
        Dtype::Int64 => AMDM_DTYPE_I64,
        _ => AMDM_DTYPE_F32,
    }
}

/// A new handle on a tensor.
pub(crate) fn handle(tensor: Tensor) -> Result<*mut AmdmTensor, Fail> {
    let handle = HANDLES.insert(Arc::new(tensor))?;
    Ok(handle as *mut AmdmTensor)
}

/// The tensor of a handle.
pub(crate) fn of(handle: *const AmdmTensor) -> Result<Arc<Tensor>, Fail> {
    HANDLES.get::<Tensor>(handle as usize)
}

/// A tensor of `count` extents from values that the caller keeps.
///
/// # Safety
/// `shape` points to `rank` extents and `values` to as many floats as they say.
pub(crate) unsafe fn from_f32(
    device: &Device,
    (shape, rank): (*const u32, usize),
    values: *const f32,
) -> Result<Tensor, Fail> {
    // SAFETY: the caller says what the pointers must be.
    let shape = unsafe { extents(shape, rank)? };
    // SAFETY: the caller says what the pointers must be.
    let values = unsafe { slice(values, count(shape)?, "values")? };
    Ok(Tensor::from_f32(device, shape, values)?)
}

/// How many values a shape has, within what a tensor may.
pub(crate) fn count(shape: &[u32]) -> Result<usize, Fail> {
    let count = shape.iter().try_fold(1usize, |all, &extent| all.checked_mul(extent as usize));
    let limit = amdm::limits::TENSOR_BYTES / size_of::<f32>();
    let too_many = || Fail::argument(format!("found shape {shape:?}, at most {limit} values"));
    count.filter(|count| *count <= limit).ok_or_else(too_many)
}

/// Extents that the caller keeps.
///
/// # Safety
/// `shape` points to `rank` extents.
pub(crate) unsafe fn extents<'a>(shape: *const u32, rank: usize) -> Result<&'a [u32], Fail> {
    if rank > AMDM_RANK_MAX {
        return Err(Fail::argument(format!("found {rank} extents, at most {AMDM_RANK_MAX}")));
    }
    // SAFETY: the caller says what the pointers must be.
    unsafe { slice(shape, rank, "shape") }
}

/// Says what a tensor is.
///
/// `info->struct_size` is set by the caller. `info->device` lives as long as the tensor.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_tensor_info(
    tensor: *const AmdmTensor,
    info: *mut AmdmTensorInfo,
) -> AmdmStatus {
    guard(|| {
        let tensor = of(tensor)?;
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { write(info, &describe(&tensor), "info") }
    })
}

pub(crate) fn describe(tensor: &Tensor) -> AmdmTensorInfo {
    let extents = tensor.extents();
    let mut shape = [0; AMDM_RANK_MAX];
    for (to, from) in shape.iter_mut().zip(extents) {
        *to = *from;
    }
    AmdmTensorInfo {
        struct_size: size_of::<AmdmTensorInfo>(),
        dtype: dtype(tensor.dtype()),
        rank: extents.len() as u32,
        shape,
        bytes: tensor.bytes() as u64,
        device: AmdmStr::of(tensor.device().name()),
    }
}

/// Adds a reference, so that the tensor outlives the callback or the run it came from.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_tensor_retain(tensor: *mut AmdmTensor) -> AmdmStatus {
    guard(|| HANDLES.retain::<Tensor>(tensor as usize))
}

/// Gives a reference back; the last one frees the tensor. NULL is fine.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_tensor_release(tensor: *mut AmdmTensor) -> AmdmStatus {
    guard(|| HANDLES.destroy::<Tensor>(tensor as usize).map(drop))
}
