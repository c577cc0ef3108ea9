//! Interface `tensors` of the contract.

use std::sync::Arc;

use amdm::math::Tensor as _;
use amdm_diffusion::{Edge, Resampling, Tensor};

use super::{
    AMDM_EDGE_REFLECT, AMDM_EDGE_ZERO, AMDM_RESAMPLING_AREA, AMDM_RESAMPLING_BICUBIC,
    AMDM_RESAMPLING_BILINEAR, AMDM_RESAMPLING_BISLERP, AMDM_RESAMPLING_NEAREST_EXACT, fill,
    tensors,
};
use crate::context::AmdmContext;
use crate::dlpack::{self, DLManagedTensorVersioned};
use crate::layout::{list, write};
use crate::status::{AmdmStatus, Fail};
use crate::tensor::{AmdmTensor, AmdmTensorInfo, describe, extents, from_f32, of};

/// Operations on tensors. Shapes broadcast by aligning at the last axis; results are new tensors,
/// lent to the callback.
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
    /// One value everywhere.
    pub full: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        shape: *const u32,
        rank: usize,
        value: f64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The entries of `axis` in the opposite order.
    pub flip: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        axis: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Two axes exchanged.
    pub transpose: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        first: u32,
        second: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// To the nearest whole number, halves to the even one.
    pub round: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Exponentials.
    pub exp: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Natural logarithms.
    pub ln: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Sums over `axis`, which stays with length 1.
    pub sum: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        axis: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// The last two axes at the size [height, width]; `resampling` is `AMDM_RESAMPLING_*`.
    pub resize: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        height: u32,
        width: u32,
        resampling: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Each plane of the last two axes with one kernel [height, width], both odd, which is not
    /// turned round; `edge` is `AMDM_EDGE_*`.
    pub convolve: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        x: *const AmdmTensor,
        kernel: *const AmdmTensor,
        edge: u32,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
}

type In = *const AmdmTensor;

/// An operation on a tensor.
macro_rules! unary {
    ($operation:ident) => {
        tensor!(|c, x: In| of(x)?.$operation())
    };
}

/// An operation on two tensors.
macro_rules! binary {
    ($operation:ident) => {
        tensor!(|c, x: In, other: In| of(x)?.$operation(&*of(other)?))
    };
}

pub(crate) static TENSOR: AmdmTensorApi = AmdmTensorApi {
    struct_size: size_of::<AmdmTensorApi>(),
    from_f32: tensor!(|c, shape: *const u32, rank: usize, values: *const f32| {
        from_f32(c.models()?.device(), (shape, rank), values)
    }),
    info: function!(|_, x: In, out: *mut AmdmTensorInfo| write(out, &describe(&*of(x)?), "info")),
    share: tensor!(|c, x: In| of(x).map(|x| Tensor::clone(&x))),
    linear_combination: tensor!(|c, terms: *const In, weights: *const f64, count: usize| {
        let weights = list(weights, count, "weights")?;
        let terms = tensors(terms, count)?;
        let terms = borrowed(&terms).into_iter().zip(weights.iter().copied());
        Tensor::linear_combination(&terms.collect::<Vec<_>>())
    }),
    sample_combination: tensor!(|c, terms: *const In, weights: *const In, count: usize| {
        let (terms, weights) = (tensors(terms, count)?, tensors(weights, count)?);
        Tensor::sample_combination(&borrowed(&terms), &borrowed(&weights))
    }),
    add: binary!(add),
    sub: binary!(sub),
    mul: binary!(mul),
    div: binary!(div),
    affine: tensor!(|c, x: In, mul: f64, add: f64| of(x)?.affine(mul, add)),
    minimum: binary!(minimum),
    maximum: binary!(maximum),
    clamp: tensor!(|c, x: In, low: f64, high: f64| of(x)?.clamp(low, high)),
    sample_dot: binary!(sample_dot),
    sqrt: unary!(sqrt),
    sin: unary!(sin),
    acos: unary!(acos),
    select: tensor!(|c, x: In, threshold: f64, a: In, b: In| {
        of(x)?.select(threshold, &*of(a)?, &*of(b)?)
    }),
    reshape: tensor!(|c, x: In, shape: *const u32, rank: usize| {
        of(x)?.reshape(extents(shape, rank)?)
    }),
    narrow: tensor!(|c, x: In, axis: u32, start: u32, length: u32| {
        of(x)?.narrow(axis, start, length)
    }),
    concat: tensor!(|c, parts: *const In, count: usize, axis: u32| {
        Tensor::concat(&borrowed(&tensors(parts, count)?), axis)
    }),
    read_f32: function!(|_, x: In, out: *mut f32, count: usize| {
        let values = of(x)?.to_f32()?;
        if values.len() != count {
            let found = values.len();
            return Err(Fail::argument(format!("found room for {count} values, expected {found}")));
        }
        fill(&values, out, count, &mut 0)
    }),
    from_dlpack: gives!(
        AmdmTensor,
        "the tensor",
        |c, managed: *mut DLManagedTensorVersioned, stream: i64| {
            let keep = |tensor| c.lend_tensor(tensor);
            dlpack::import(c.models()?.device(), managed, stream, keep)
        }
    ),
    full: tensor!(|c, shape: *const u32, rank: usize, value: f64| {
        Tensor::full(c.models()?.device(), extents(shape, rank)?, value)
    }),
    flip: tensor!(|c, x: In, axis: u32| of(x)?.flip(axis)),
    transpose: tensor!(|c, x: In, first: u32, second: u32| of(x)?.transpose(first, second)),
    round: unary!(round),
    exp: unary!(exp),
    ln: unary!(ln),
    sum: tensor!(|c, x: In, axis: u32| of(x)?.sum(axis)),
    resize: tensor!(|c, x: In, height: u32, width: u32, resampling: u32| {
        let resampling = resampling_of(resampling)?;
        of(x)?.resize(height, width, resampling)
    }),
    convolve: tensor!(|c, x: In, kernel: In, edge: u32| {
        let edge = edge_of(edge)?;
        of(x)?.convolve(&*of(kernel)?, edge)
    }),
};

fn resampling_of(resampling: u32) -> Result<Resampling, Fail> {
    match resampling {
        AMDM_RESAMPLING_NEAREST_EXACT => Ok(Resampling::NearestExact),
        AMDM_RESAMPLING_BILINEAR => Ok(Resampling::Bilinear),
        AMDM_RESAMPLING_AREA => Ok(Resampling::Area),
        AMDM_RESAMPLING_BICUBIC => Ok(Resampling::Bicubic),
        AMDM_RESAMPLING_BISLERP => Ok(Resampling::Bislerp),
        found => Err(Fail::argument(format!("found {found}, expected AMDM_RESAMPLING_*"))),
    }
}

fn edge_of(edge: u32) -> Result<Edge, Fail> {
    match edge {
        AMDM_EDGE_ZERO => Ok(Edge::Zero),
        AMDM_EDGE_REFLECT => Ok(Edge::Reflect),
        _ => Err(Fail::argument(format!("found edge {edge}, expected AMDM_EDGE_*"))),
    }
}

fn borrowed(tensors: &[Arc<Tensor>]) -> Vec<&Tensor> {
    tensors.iter().map(|tensor| &**tensor).collect()
}
