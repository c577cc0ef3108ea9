//! Interface `tensors` of the contract.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use amdm::math::Tensor as _;
use amdm_diffusion::Tensor;

use super::{fill, tensors};
use crate::context::{AmdmContext, tensor, within};
use crate::dlpack::{self, DLManagedTensorVersioned};
use crate::layout::{clear, list, put};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, AmdmTensorInfo, extents, from_f32, of};

/// Operations on tensors. Shapes broadcast by aligning at the last axis; results are new tensors, lent to the
/// callback.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmTensorApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// A tensor from values that stay the caller's: row-major, as many as the product of `shape`.
    pub from_f32: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        shape: *const u32,
        rank: usize,
        values: *const f32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// What a tensor is; as `amdm_tensor_info`.
    pub info: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut AmdmTensorInfo,
    ) -> AmdmStatus,
    /// A second handle on the same values.
    pub share: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `sum(weight * term)` of `count` terms of one shape.
    pub linear_combination: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        terms: *const *const AmdmTensor,
        weights: *const f64,
        count: usize,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The same with one weight a sample: each of `weights` has one value a sample.
    pub sample_combination: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        terms: *const *const AmdmTensor,
        weights: *const *const AmdmTensor,
        count: usize,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `x + other`.
    pub add: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `x - other`.
    pub sub: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `x * other`.
    pub mul: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `x / other`.
    pub div: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `mul * x + add`.
    pub affine: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        mul: f64,
        add: f64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The smaller of each pair.
    pub minimum: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The larger of each pair.
    pub maximum: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Values held within [low, high].
    pub clamp: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        low: f64,
        high: f64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Inner product of each sample with its counterpart: one value a sample.
    pub sample_dot: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        other: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Square roots.
    pub sqrt: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Sines.
    pub sin: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Arc cosines.
    pub acos: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `x > threshold ? a : b`, value by value.
    pub select: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        threshold: f64,
        a: *const AmdmTensor,
        b: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The same values in another shape.
    pub reshape: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        shape: *const u32,
        rank: usize,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `length` entries of `axis` from `start`.
    pub narrow: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        axis: u32,
        start: u32,
        length: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Tensors one after the other along `axis`.
    pub concat: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        parts: *const *const AmdmTensor,
        count: usize,
        axis: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Copies the values, row-major; `count` is how many there are.
    pub read_f32: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut f32,
        count: usize,
    ) -> AmdmStatus,
    /// A tensor from one of another library, which is consumed; as `amdm_tensor_from_dlpack`.
    pub from_dlpack: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        managed: *mut DLManagedTensorVersioned,
        stream: i64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
}

pub(crate) static TENSOR: AmdmTensorApi = AmdmTensorApi {
    struct_size: size_of::<AmdmTensorApi>(),
    from_f32: tensor_from_f32,
    info: tensor_info,
    share: tensor_share,
    linear_combination: tensor_linear_combination,
    sample_combination: tensor_sample_combination,
    add: tensor_add,
    sub: tensor_sub,
    mul: tensor_mul,
    div: tensor_div,
    affine: tensor_affine,
    minimum: tensor_minimum,
    maximum: tensor_maximum,
    clamp: tensor_clamp,
    sample_dot: tensor_sample_dot,
    sqrt: tensor_sqrt,
    sin: tensor_sin,
    acos: tensor_acos,
    select: tensor_select,
    reshape: tensor_reshape,
    narrow: tensor_narrow,
    concat: tensor_concat,
    read_f32: tensor_read_f32,
    from_dlpack: tensor_from_dlpack,
};

unsafe extern "C" fn tensor_from_dlpack(
    ctx: *mut AmdmContext,
    managed: *mut DLManagedTensorVersioned,
    stream: i64,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the tensor")? };
        let models = c.models()?;
        let keep = |tensor| unsafe { put(out, c.lend_tensor(tensor)?, "the tensor") };
        unsafe { dlpack::import(models.device(), managed, stream, keep) }
    })
}

unsafe extern "C" fn tensor_from_f32(
    ctx: *mut AmdmContext,
    shape: *const u32,
    rank: usize,
    values: *const f32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |c| from_f32(c.models()?.device(), (shape, rank), values)) }
}

unsafe extern "C" fn tensor_info(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut AmdmTensorInfo,
) -> AmdmStatus {
    within(ctx, |_| unsafe {
        crate::layout::write(out, &crate::tensor::describe(&*of(x)?), "info")
    })
}

unsafe extern "C" fn tensor_share(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(Tensor::clone(&*of(x)?))) }
}

unsafe extern "C" fn tensor_linear_combination(
    ctx: *mut AmdmContext,
    terms: *const *const AmdmTensor,
    weights: *const f64,
    count: usize,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |_| {
            let weights = list(weights, count, "weights")?;
            let terms = tensors(terms, count)?;
            let terms = terms.iter().map(|term| &**term).zip(weights.iter().copied());
            Ok(Tensor::linear_combination(&terms.collect::<Vec<_>>())?)
        })
    }
}

unsafe extern "C" fn tensor_sample_combination(
    ctx: *mut AmdmContext,
    terms: *const *const AmdmTensor,
    weights: *const *const AmdmTensor,
    count: usize,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |_| {
            let (terms, weights) = (tensors(terms, count)?, tensors(weights, count)?);
            let terms = terms.iter().map(|term| &**term).collect::<Vec<_>>();
            let weights = weights.iter().map(|weight| &**weight).collect::<Vec<_>>();
            Ok(Tensor::sample_combination(&terms, &weights)?)
        })
    }
}

unsafe extern "C" fn tensor_add(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.add(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_sub(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.sub(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_mul(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.mul(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_div(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.div(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_affine(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    mul: f64,
    add: f64,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.affine(mul, add)?)) }
}

unsafe extern "C" fn tensor_minimum(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.minimum(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_maximum(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.maximum(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_clamp(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    low: f64,
    high: f64,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.clamp(low, high)?)) }
}

unsafe extern "C" fn tensor_sample_dot(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    other: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.sample_dot(&*of(other)?)?)) }
}

unsafe extern "C" fn tensor_sqrt(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.sqrt()?)) }
}

unsafe extern "C" fn tensor_sin(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.sin()?)) }
}

unsafe extern "C" fn tensor_acos(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.acos()?)) }
}

unsafe extern "C" fn tensor_select(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    threshold: f64,
    a: *const AmdmTensor,
    b: *const AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.select(threshold, &*of(a)?, &*of(b)?)?)) }
}

unsafe extern "C" fn tensor_reshape(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    shape: *const u32,
    rank: usize,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.reshape(extents(shape, rank)?)?)) }
}

unsafe extern "C" fn tensor_narrow(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    axis: u32,
    start: u32,
    length: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { tensor(ctx, out, |_| Ok(of(x)?.narrow(axis, start, length)?)) }
}

unsafe extern "C" fn tensor_concat(
    ctx: *mut AmdmContext,
    parts: *const *const AmdmTensor,
    count: usize,
    axis: u32,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |_| {
            let parts = tensors(parts, count)?;
            Ok(Tensor::concat(&parts.iter().map(|part| &**part).collect::<Vec<_>>(), axis)?)
        })
    }
}

unsafe extern "C" fn tensor_read_f32(
    ctx: *mut AmdmContext,
    x: *const AmdmTensor,
    out: *mut f32,
    count: usize,
) -> AmdmStatus {
    within(ctx, |_| {
        let values = of(x)?.to_f32()?;
        if values.len() != count {
            let found = values.len();
            return Err(Fail::argument(format!("found room for {count} values, expected {found}")));
        }
        let mut all = 0;
        unsafe { fill(&values, out, count, &mut all) }
    })
}
