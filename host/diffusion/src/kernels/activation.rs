//! Functions of single values, as plain arithmetic that becomes vector code.

use candle_core::Tensor as CandleTensor;
use pulp::{Simd, WithSimd};

use super::exponential::{exp, silu};
use super::map::Map;
use super::matrix::tiles;
use super::work::Work;
use crate::Result;

/// What a layer's values go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// `x * sigmoid(1.702 x)`.
    QuickGelu,
    /// `x * (1 + erf(x / sqrt(2))) / 2`.
    Gelu,
}

impl Activation {
    pub(super) fn apply(self, values: &mut [f32]) {
        pulp::Arch::new().dispatch(Apply { activation: self, values });
    }

    pub(super) fn composed(self, x: &CandleTensor) -> candle_core::Result<CandleTensor> {
        match self {
            Self::Silu => x.silu(),
            Self::QuickGelu => {
                let powers = (x * -1.702)?.exp()?;
                x / (powers + 1.0)?
            }
            Self::Gelu => x.gelu_erf(),
        }
    }
}

impl Map {
    /// Every value through a function.
    pub(crate) fn activated(self, activation: Activation, work: Work<'_>) -> Result<Self> {
        match self {
            Self::Host(mut x) => {
                let extents = [x.channels, x.area()];
                tiles(work, &mut x.values, extents, [1, x.height * x.width], |tile| {
                    tile.pane.each_row().for_each(|values| activation.apply(values));
                    Ok(())
                })?;
                Ok(Self::Host(x))
            }
            Self::Composed(x) => {
                work.go_on()?;
                Self::composed(activation.composed(&x))
            }
        }
    }
}

/// Multiplies `values` by the GELU of `gates`.
pub(super) fn gate(values: &mut [f32], gates: &[f32]) {
    pulp::Arch::new().dispatch(Gate { values, gates });
}

struct Apply<'a> {
    activation: Activation,
    values: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        match self.activation {
            Activation::Silu => self.values.iter_mut().for_each(|x| *x = silu(*x)),
            Activation::QuickGelu => {
                self.values.iter_mut().for_each(|x| *x /= 1.0 + exp(-1.702 * *x));
            }
            Activation::Gelu => self.values.iter_mut().for_each(|x| *x = gelu(*x)),
        }
    }
}

struct Gate<'a> {
    values: &'a mut [f32],
    gates: &'a [f32],
}

impl WithSimd for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        self.values.iter_mut().zip(self.gates).for_each(|(value, &x)| *value *= gelu(x));
    }
}

#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The error function to 5e-7, by Abramowitz and Stegun's formula 7.1.26.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let mut p = 1.061_405_4_f32;
    p = p * t - 1.453_152;
    p = p * t + 1.421_413_7;
    p = p * t - 0.284_496_74;
    p = p * t + 0.254_829_6;
    (1.0 - p * t * exp(-size * size)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::{erf, gelu};

    #[test]
    fn erf_is_right_to_half_a_millionth() {
        for step in -6000..=6000_i16 {
            let x = f32::from(step) / 1000.0;
            let expected = libm::erf(f64::from(x));
            assert!((f64::from(erf(x)) - expected).abs() < 5e-7, "at {x}");
        }
        assert!(gelu(f32::NAN).is_nan() && gelu(0.0).abs() < 1e-30);
    }
}
