//! DLPack 1.x: how libraries show each other tensors.
//!
//! Types as the standard's header has them (`DLManagedTensorVersioned` and what is in it).

mod read;

use std::ffi::c_void;
use std::sync::Arc;

use amdm_diffusion::{Device, Tensor};

use self::read::read;
use crate::handle::HANDLES;
use crate::host::{AmdmHost, Host};
use crate::layout::give;
use crate::status::{AMDM_STATUS_UNSUPPORTED, AmdmStatus, Fail, guard};
use crate::tensor::{AmdmTensor, handle, of};

const MAJOR: u32 = 1;
const CPU: i32 = 1;
const INT: u8 = 0;
const UINT: u8 = 1;
const FLOAT: u8 = 2;
const BFLOAT: u8 = 4;
const BOOL: u8 = 6;
const READ_ONLY: u64 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
struct DLTensor {
    data: *mut c_void,
    device_type: i32,
    device_id: i32,
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *mut i64,
    strides: *mut i64,
    byte_offset: u64,
}

/// A tensor with the means to free it.
#[repr(C)]
pub struct DLManagedTensorVersioned {
    major: u32,
    minor: u32,
    manager_ctx: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut Self)>,
    flags: u64,
    tensor: DLTensor,
}

/// What an exported tensor keeps alive.
struct Exported {
    _tensor: Arc<Tensor>,
    shape: Vec<i64>,
    strides: Vec<i64>,
}

unsafe extern "C" fn delete(managed: *mut DLManagedTensorVersioned) {
    if managed.is_null() {
        return;
    }
    // SAFETY: `export` leaked both boxes, and a deleter is called once.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.manager_ctx.cast::<Exported>()));
    }
}

/// Values from one entry of an axis to the next, without gaps.
fn row_major(extents: &[i64]) -> Vec<i64> {
    let mut strides = vec![1; extents.len()];
    for axis in (1..extents.len()).rev() {
        // Wraps only where an extent is 0, so that no value lies anywhere.
        strides[axis - 1] = i64::wrapping_mul(strides[axis], extents[axis]);
    }
    strides
}

/// A view of a tensor for another library.
pub(crate) fn export(
    tensor: &Arc<Tensor>,
    stream: i64,
) -> Result<*mut DLManagedTensorVersioned, Fail> {
    let Some(values) = tensor.on_host().filter(|_| matches!(stream, -1 | 0)) else {
        let device = tensor.device().name();
        let message = format!(
            "found a tensor on {device} and stream {stream}, expected one in memory of the CPU, and \
             stream 0"
        );
        return Err(Fail::new(AMDM_STATUS_UNSUPPORTED, message));
    };
    let data = values.as_ptr().cast_mut().cast::<c_void>();
    let shape = tensor.extents().iter().map(|&extent| i64::from(extent)).collect::<Vec<_>>();
    let strides = row_major(&shape);
    let mut kept = Box::new(Exported { _tensor: tensor.clone(), shape, strides });
    let described = DLTensor {
        data,
        device_type: CPU,
        device_id: 0,
        ndim: kept.shape.len() as i32,
        code: FLOAT,
        bits: 32,
        lanes: 1,
        shape: kept.shape.as_mut_ptr(),
        strides: kept.strides.as_mut_ptr(),
        byte_offset: 0,
    };
    Ok(Box::into_raw(Box::new(DLManagedTensorVersioned {
        major: MAJOR,
        minor: 0,
        manager_ctx: Box::into_raw(kept).cast(),
        deleter: Some(delete),
        flags: READ_ONLY,
        tensor: described,
    })))
}

/// Copies another library's tensor to `device` for `keep`, and has it freed once that has
/// succeeded.
///
/// # Safety
/// `managed` is NULL or as DLPack says.
pub(crate) unsafe fn import<T>(
    device: &Device,
    managed: *mut DLManagedTensorVersioned,
    stream: i64,
    keep: impl FnOnce(Tensor) -> Result<T, Fail>,
) -> Result<T, Fail> {
    if managed.is_null() || !managed.is_aligned() {
        return Err(Fail::argument("found no managed tensor"));
    }
    // SAFETY: the version comes first in every version of the struct.
    let major = unsafe { (*managed).major };
    if major != MAJOR {
        let message = format!("found a tensor of DLPack {major}, expected {MAJOR}");
        return Err(Fail::new(AMDM_STATUS_UNSUPPORTED, message));
    }
    // SAFETY: of our version, so the fields are there.
    let (tensor, deleter) = unsafe { ((*managed).tensor, (*managed).deleter) };
    // SAFETY: the caller says that the tensor is as DLPack says.
    let (shape, values) = unsafe { read(&tensor, stream)? };
    let kept = keep(Tensor::from_f32(device, &shape, values)?)?;
    if let Some(delete) = deleter {
        // SAFETY: the tensor is not used any more, and the deleter is called once.
        unsafe { delete(managed) };
    }
    Ok(kept)
}

/// Makes a tensor from one of another library, by one copy to the host's device.
///
/// `managed` is a `DLManagedTensorVersioned` of DLPack 1.x in memory of the CPU, float32, float16,
/// bfloat16, float64, uint8, bool or int64 (read as float32: bytes stay 0 to 255), any strides. On
/// success it is consumed: its deleter was called. On failure it stays the caller's. `stream` is
/// for devices with streams and is 0 or -1 for the CPU. The tensor has one reference, which the
/// caller releases.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_tensor_from_dlpack(
    host: *mut AmdmHost,
    managed: *mut DLManagedTensorVersioned,
    stream: i64,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let import = || {
        let host = HANDLES.get::<Host>(host as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { import(host.device(), managed, stream, handle) }
    };
    // SAFETY: as above.
    guard(|| unsafe { give(out, "the tensor", import) })
}

/// Shows a tensor to another library, without a copy.
///
/// The caller owns `*out`, a `DLManagedTensorVersioned` of DLPack 1.0 that is read-only, and calls its
/// deleter once; the values live until then, whatever happens to the handle. Tensors on a GPU are
/// `AMDM_STATUS_UNSUPPORTED` in this version. `stream` as in the array API's `__dlpack__`: 0 or -1 on
/// the CPU.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_tensor_to_dlpack(
    tensor: *const AmdmTensor,
    stream: i64,
    out: *mut *mut DLManagedTensorVersioned,
) -> AmdmStatus {
    // SAFETY: as the function's documentation asks of the caller.
    guard(|| unsafe { give(out, "the managed tensor", || export(&of(tensor)?, stream)) })
}
