//! A tensor as a plain vector, in float64 or float32: every operation rounds as its type does.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Sub};
use std::sync::Arc;

use amdm::error::Error;
use amdm::math::Tensor;

/// What a dense tensor is made of.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn root(self) -> Self;
    fn sine(self) -> Self;
    fn arc_cosine(self) -> Self;
}

macro_rules! real {
    ($name:ident) => {
        impl Real for $name {
            fn of(value: f64) -> Self {
                value as $name
            }
            fn wide(self) -> f64 {
                f64::from(self)
            }
            fn root(self) -> Self {
                self.sqrt()
            }
            fn sine(self) -> Self {
                self.sin()
            }
            fn arc_cosine(self) -> Self {
                self.acos()
            }
        }
    };
}
real!(f32);
real!(f64);

thread_local! {
    static OPERATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Tensor operations of this thread so far.
pub fn operations() -> usize {
    OPERATIONS.get()
}

#[derive(Clone, Debug, PartialEq)]
pub struct Dense<F> {
    shape: Vec<u32>,
    values: Arc<Vec<F>>,
}

impl<F: Real> Dense<F> {
    pub fn new(shape: &[u32], values: Vec<F>) -> Self {
        assert_eq!(shape.iter().product::<u32>() as usize, values.len());
        Self { shape: shape.to_vec(), values: Arc::new(values) }
    }

    pub fn from_wide(shape: &[u32], values: &[f64]) -> Self {
        Self::new(shape, values.iter().map(|&value| F::of(value)).collect())
    }

    pub fn values(&self) -> &[F] {
        &self.values
    }

    pub fn wide(&self) -> Vec<f64> {
        self.values.iter().map(|value| value.wide()).collect()
    }

    fn made(shape: &[u32], values: Vec<F>) -> Result<Self, Error> {
        OPERATIONS.set(OPERATIONS.get() + 1);
        Ok(Self::new(shape, values))
    }

    fn map(&self, function: impl Fn(F) -> F) -> Result<Self, Error> {
        Self::made(&self.shape, self.values.iter().map(|&value| function(value)).collect())
    }

    fn zip(&self, other: &Self, function: impl Fn(F, F) -> F) -> Result<Self, Error> {
        if self.shape == other.shape {
            let pairs = self.values.iter().zip(other.values.iter());
            return Self::made(&self.shape, pairs.map(|(&a, &b)| function(a, b)).collect());
        }
        let rank = self.shape.len().max(other.shape.len());
        let extent = |shape: &[u32], axis: usize| {
            (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis])
        };
        let mut shape = Vec::new();
        for axis in 0..rank {
            let (a, b) = (extent(&self.shape, axis), extent(&other.shape, axis));
            if a != b && a != 1 && b != 1 {
                return Err(misfit(&self.shape, &other.shape));
            }
            shape.push(a.max(b));
        }
        let offset = |of: &[u32], mut index: usize| {
            let (mut offset, mut stride) = (0, 1);
            for axis in (0..rank).rev() {
                let (all, own) = (shape[axis] as usize, extent(of, axis) as usize);
                offset += if own == 1 { 0 } else { index % all * stride };
                (index, stride) = (index / all, stride * own);
            }
            offset
        };
        let count = shape.iter().product::<u32>() as usize;
        let at = |index| {
            let a = self.values[offset(&self.shape, index)];
            function(a, other.values[offset(&other.shape, index)])
        };
        let values = (0..count).map(at).collect();
        Self::made(&shape, values)
    }

    fn same(&self, other: &Self) -> Result<(), Error> {
        if self.shape == other.shape { Ok(()) } else { Err(misfit(&self.shape, &other.shape)) }
    }

    fn sample(&self) -> usize {
        self.values.len() / self.shape[0] as usize
    }
}

fn misfit(found: &[u32], expected: &[u32]) -> Error {
    Error::invalid(format!("shape {found:?}, expected {expected:?}"))
}

impl<F: Real> Tensor for Dense<F> {
    fn shape(&self) -> Vec<u32> {
        self.shape.clone()
    }

    fn share(&self) -> Self {
        self.clone()
    }

    fn linear_combination(terms: &[(&Self, f64)]) -> Result<Self, Error> {
        let mut sum = vec![F::of(0.0); terms[0].0.values.len()];
        for (term, weight) in terms {
            terms[0].0.same(term)?;
            let weight = F::of(*weight);
            for (sum, &value) in sum.iter_mut().zip(term.values()) {
                *sum = *sum + weight * value;
            }
        }
        Self::made(&terms[0].0.shape, sum)
    }

    fn sample_combination(terms: &[&Self], weights: &[&Self]) -> Result<Self, Error> {
        assert_eq!(terms.len(), weights.len());
        let mut sum = vec![F::of(0.0); terms[0].values.len()];
        for (term, weight) in terms.iter().zip(weights) {
            terms[0].same(term)?;
            if weight.shape != term.shape[..1] {
                return Err(misfit(&weight.shape, &term.shape[..1]));
            }
            let samples = sum.chunks_mut(term.sample()).zip(term.values.chunks(term.sample()));
            for ((sum, values), &weight) in samples.zip(weight.values()) {
                for (sum, &value) in sum.iter_mut().zip(values) {
                    *sum = *sum + weight * value;
                }
            }
        }
        Self::made(&terms[0].shape, sum)
    }

    fn add(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| a + b)
    }

    fn sub(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| a - b)
    }

    fn mul(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| a * b)
    }

    fn div(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| a / b)
    }

    fn affine(&self, mul: f64, add: f64) -> Result<Self, Error> {
        let (mul, add) = (F::of(mul), F::of(add));
        self.map(|value| mul * value + add)
    }

    fn minimum(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| if b < a { b } else { a })
    }

    fn maximum(&self, other: &Self) -> Result<Self, Error> {
        self.zip(other, |a, b| if b > a { b } else { a })
    }

    fn clamp(&self, low: f64, high: f64) -> Result<Self, Error> {
        let (low, high) = (F::of(low), F::of(high));
        self.map(|value| match value {
            value if value < low => low,
            value if value > high => high,
            value => value,
        })
    }

    fn sample_dot(&self, other: &Self) -> Result<Self, Error> {
        self.same(other)?;
        let samples = self.values.chunks(self.sample()).zip(other.values.chunks(self.sample()));
        let dot = |(a, b): (&[F], &[F])| {
            F::of(a.iter().zip(b).map(|(a, b)| a.wide() * b.wide()).sum::<f64>())
        };
        Self::made(&self.shape[..1], samples.map(dot).collect())
    }

    fn sqrt(&self) -> Result<Self, Error> {
        self.map(F::root)
    }

    fn sin(&self) -> Result<Self, Error> {
        self.map(F::sine)
    }

    fn acos(&self) -> Result<Self, Error> {
        self.map(F::arc_cosine)
    }

    fn select(&self, threshold: f64, a: &Self, b: &Self) -> Result<Self, Error> {
        self.same(a)?;
        self.same(b)?;
        let threshold = F::of(threshold);
        let pairs = self.values.iter().zip(a.values.iter().zip(b.values.iter()));
        let picked = pairs.map(|(&value, (&a, &b))| if value > threshold { a } else { b });
        Self::made(&self.shape, picked.collect())
    }

    fn reshape(&self, shape: &[u32]) -> Result<Self, Error> {
        if shape.iter().product::<u32>() as usize != self.values.len() {
            return Err(misfit(shape, &self.shape));
        }
        OPERATIONS.set(OPERATIONS.get() + 1);
        Ok(Self { shape: shape.to_vec(), values: self.values.clone() })
    }
}
