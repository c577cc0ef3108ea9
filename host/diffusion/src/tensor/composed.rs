//! Tensor operations composed of candle's, for devices of candle's.

use candle_core::{D, DType, Tensor};

use super::Dtype;
use crate::{Result, error};

type Candle<T> = candle_core::Result<T>;

/// Coefficients of `acos(x) / sqrt(1 - x)` on [0, 1], error below 2e-8: Abramowitz and Stegun,
/// 4.4.46.
const ACOS: [f64; 8] = [
    1.570_796_305_0,
    -0.214_598_801_6,
    0.088_978_987_4,
    -0.050_174_304_6,
    0.030_891_881_0,
    -0.017_088_125_6,
    0.006_670_090_1,
    -0.001_262_491_1,
];

pub(super) fn dtype(tensor: &Tensor) -> Dtype {
    match tensor.dtype() {
        DType::F16 => Dtype::Float16,
        DType::BF16 => Dtype::Bfloat16,
        DType::U8 => Dtype::Uint8,
        DType::I64 => Dtype::Int64,
        _ => Dtype::Float32,
    }
}

/// Values on the host, row-major.
pub(super) fn read(tensor: &Tensor) -> Result<Vec<f32>> {
    let flat = || tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1();
    flat().map_err(error::from_candle)
}

pub(super) fn combine<'a>(terms: impl Iterator<Item = (&'a Tensor, f64)>) -> Candle<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (term, weight) in terms {
        let scaled = term.affine(weight, 0.0)?;
        sum = Some(match sum {
            Some(sum) => (sum + scaled)?,
            None => scaled,
        });
    }
    sum.ok_or_else(|| candle_core::Error::Msg("no terms".into()))
}

pub(super) fn sample_combine<'a>(
    terms: impl Iterator<Item = (&'a Tensor, &'a Tensor)>,
) -> Candle<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (term, weight) in terms {
        let mut extents = vec![1; term.rank()];
        extents[0] = weight.elem_count();
        let scaled = term.broadcast_mul(&weight.reshape(extents)?)?;
        sum = Some(match sum {
            Some(sum) => (sum + scaled)?,
            None => scaled,
        });
    }
    sum.ok_or_else(|| candle_core::Error::Msg("no terms".into()))
}

pub(super) fn sample_dot(a: &Tensor, b: &Tensor) -> Candle<Tensor> {
    let batch = a.dim(0)?;
    (a * b)?.reshape((batch, ()))?.sum(D::Minus1)
}

/// `pi - acos(-x)` on the negative half, where the polynomial does not hold.
pub(super) fn acos(x: &Tensor) -> Candle<Tensor> {
    let size = x.abs()?;
    let mut sum = size.affine(0.0, ACOS[7])?;
    for &coefficient in ACOS[..7].iter().rev() {
        sum = ((sum * &size)? + coefficient)?;
    }
    let positive = (sum * size.affine(-1.0, 1.0)?.sqrt()?)?;
    let negative = positive.affine(-1.0, std::f64::consts::PI)?;
    x.ge(0.0)?.where_cond(&positive, &negative)
}

/// To the nearest whole number, halves to the even one.
pub(super) fn round(x: &Tensor) -> Candle<Tensor> {
    let below = x.floor()?;
    let rest = (x - &below)?;
    let odd = (&below - (below.affine(0.5, 0.0)?.floor()? * 2.0)?)?;
    let up = rest.gt(0.5)?.where_cond(&rest.ones_like()?, &rest.zeros_like()?)?;
    let step = rest.eq(0.5)?.where_cond(&odd, &up)?;
    below + step
}

/// The entries of an axis in the opposite order.
pub(super) fn flip(x: &Tensor, axis: usize) -> Candle<Tensor> {
    let length = x.dim(axis)? as u32;
    let order = Tensor::from_iter((0..length).rev(), x.device())?;
    x.contiguous()?.index_select(&order, axis)
}

pub(super) fn select(x: &Tensor, threshold: f64, a: &Tensor, b: &Tensor) -> Candle<Tensor> {
    x.gt(threshold)?.where_cond(a, b)
}

pub(super) fn extents(shape: &[u32]) -> Vec<usize> {
    shape.iter().map(|&extent| extent as usize).collect()
}
