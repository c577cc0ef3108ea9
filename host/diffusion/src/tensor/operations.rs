//! The algorithm's operations ([`amdm::math::Tensor`]) on a device.

use amdm::math::Tensor as Operations;
use candle_core::Tensor as CandleTensor;

use super::{Tensor, composed, errors, host, shape};
use crate::{Result, error};

impl Tensor {
    pub(super) fn unary(
        &self,
        on_host: impl Fn(f32) -> f32,
        on_device: impl FnOnce(&CandleTensor) -> candle_core::Result<CandleTensor>,
    ) -> Result<Self> {
        match self.candle() {
            None => Ok(Self::host(&self.device, &self.shape, host::map(self.values(), on_host))),
            Some(x) => self.wrap(on_device(x)),
        }
    }

    fn binary(
        &self,
        other: &Self,
        on_host: impl Fn(f32, f32) -> f32,
        on_device: impl FnOnce(&CandleTensor, &CandleTensor) -> candle_core::Result<CandleTensor>,
    ) -> Result<Self> {
        self.meets(other)?;
        let shape = shape::broadcast(&self.shape, &other.shape)?;
        match (self.candle(), other.candle()) {
            (Some(a), Some(b)) => self.wrap(on_device(a, b)),
            _ => {
                let a = host::expand(self.values(), &self.shape, &shape);
                let b = host::expand(other.values(), &other.shape, &shape);
                Ok(Self::host(&self.device, &shape, host::zip(&a, &b, on_host)))
            }
        }
    }

    pub(super) fn wrap(&self, tensor: candle_core::Result<CandleTensor>) -> Result<Self> {
        Self::composed(&self.device, tensor.map_err(error::from_candle)?)
    }

    /// All terms on one device and of one shape; the first of them.
    pub(super) fn alike<'a>(mut terms: impl Iterator<Item = &'a Self>) -> Result<&'a Self> {
        let first = terms.next().ok_or_else(errors::no_terms)?;
        for term in terms {
            first.meets(term)?;
            if term.shape != first.shape {
                return Err(errors::shapes(&first.shape, &term.shape));
            }
        }
        Ok(first)
    }

    fn batch(&self) -> Result<u32> {
        self.shape.first().copied().ok_or_else(errors::scalar)
    }
}

impl Operations for Tensor {
    fn shape(&self) -> Vec<u32> {
        self.shape.to_vec()
    }

    fn share(&self) -> Self {
        self.clone()
    }

    fn linear_combination(terms: &[(&Self, f64)]) -> Result<Self> {
        let first = Self::alike(terms.iter().map(|(term, _)| *term))?;
        if first.candle().is_some() {
            let all = terms.iter().filter_map(|(term, weight)| Some((term.candle()?, *weight)));
            return first.wrap(composed::combine(all));
        }
        let mut out = vec![0.0; first.count()];
        let slices: Vec<_> = terms.iter().map(|(term, weight)| (term.values(), *weight)).collect();
        host::combine(&mut out, &slices);
        Ok(Self::host(&first.device, &first.shape, out))
    }

    fn sample_combination(terms: &[&Self], weights: &[&Self]) -> Result<Self> {
        if terms.len() != weights.len() {
            return Err(errors::weights(weights.len(), terms.len()));
        }
        let first = Self::alike(terms.iter().copied())?;
        let batch = first.batch()?;
        for weight in weights {
            first.meets(weight)?;
            if *weight.shape != [batch] {
                return Err(errors::weight_shape(&weight.shape, batch));
            }
        }
        if first.candle().is_some() {
            let all = terms.iter().zip(weights);
            let all = all.filter_map(|(term, weight)| Some((term.candle()?, weight.candle()?)));
            return first.wrap(composed::sample_combine(all));
        }
        let mut out = vec![0.0; first.count()];
        let len = shape::sample_len(&first.shape);
        let mut slices = Vec::with_capacity(terms.len());
        for (sample, row) in out.chunks_exact_mut(len).enumerate() {
            let range = sample * len..(sample + 1) * len;
            let weighted = terms.iter().zip(weights).map(|(term, weight)| {
                (&term.values()[range.clone()], f64::from(weight.values()[sample]))
            });
            slices.clear();
            slices.extend(weighted);
            host::combine(row, &slices);
        }
        Ok(Self::host(&first.device, &first.shape, out))
    }

    fn add(&self, other: &Self) -> Result<Self> {
        self.binary(other, |a, b| a + b, CandleTensor::broadcast_add)
    }

    fn sub(&self, other: &Self) -> Result<Self> {
        self.binary(other, |a, b| a - b, CandleTensor::broadcast_sub)
    }

    fn mul(&self, other: &Self) -> Result<Self> {
        self.binary(other, |a, b| a * b, CandleTensor::broadcast_mul)
    }

    fn div(&self, other: &Self) -> Result<Self> {
        self.binary(other, |a, b| a / b, CandleTensor::broadcast_div)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn affine(&self, mul: f64, add: f64) -> Result<Self> {
        self.unary(|x| (mul * f64::from(x) + add) as f32, |x| x.affine(mul, add))
    }

    fn minimum(&self, other: &Self) -> Result<Self> {
        self.binary(other, host::smaller, CandleTensor::broadcast_minimum)
    }

    fn maximum(&self, other: &Self) -> Result<Self> {
        self.binary(other, host::larger, CandleTensor::broadcast_maximum)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn clamp(&self, low: f64, high: f64) -> Result<Self> {
        let (below, above) = (low as f32, high as f32);
        if low.is_nan() || high.is_nan() || below > above {
            return Err(errors::bounds(low, high));
        }
        self.unary(|x| x.clamp(below, above), |x| x.clamp(below, above))
    }

    fn sample_dot(&self, other: &Self) -> Result<Self> {
        Self::alike([self, other].into_iter())?;
        let batch = self.batch()?;
        if let (Some(a), Some(b)) = (self.candle(), other.candle()) {
            return self.wrap(composed::sample_dot(a, b));
        }
        let len = shape::sample_len(&self.shape);
        let rows = self.values().chunks_exact(len).zip(other.values().chunks_exact(len));
        let out = rows.map(|(a, b)| host::dot(a, b)).collect();
        Ok(Self::host(&self.device, &[batch], out))
    }

    fn sqrt(&self) -> Result<Self> {
        self.unary(f32::sqrt, CandleTensor::sqrt)
    }

    fn sin(&self) -> Result<Self> {
        self.unary(libm::sinf, CandleTensor::sin)
    }

    fn acos(&self) -> Result<Self> {
        self.unary(libm::acosf, composed::acos)
    }

    #[allow(clippy::cast_possible_truncation)]
    fn select(&self, threshold: f64, a: &Self, b: &Self) -> Result<Self> {
        self.meets(a)?;
        self.meets(b)?;
        let shape = shape::broadcast(&shape::broadcast(&self.shape, &a.shape)?, &b.shape)?;
        if let (Some(x), Some(a), Some(b)) = (self.candle(), a.candle(), b.candle()) {
            let extents = composed::extents(&shape);
            let wide = |t: &CandleTensor| t.broadcast_as(extents.as_slice());
            let select = || composed::select(&wide(x)?, threshold, &wide(a)?, &wide(b)?);
            return self.wrap(select());
        }
        let x = host::expand(self.values(), &self.shape, &shape);
        let yes = host::expand(a.values(), &a.shape, &shape);
        let no = host::expand(b.values(), &b.shape, &shape);
        let choose = |((&x, &yes), &no)| if f64::from(x) > threshold { yes } else { no };
        let out = x.iter().zip(&*yes).zip(&*no).map(choose).collect();
        Ok(Self::host(&self.device, &shape, out))
    }

    fn reshape(&self, shape: &[u32]) -> Result<Self> {
        if shape::count(shape)? != self.count() {
            return Err(errors::shapes(&self.shape, shape));
        }
        match self.candle() {
            Some(x) => self.wrap(x.reshape(composed::extents(shape))),
            None => Ok(Self { shape: shape.into(), ..self.clone() }),
        }
    }
}
