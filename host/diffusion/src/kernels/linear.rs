//! Linear layers on single vectors: embeddings, which are computed on the CPU for every device.

use pulp::{Simd, WithSimd};

use super::exponential::silu;
use crate::Result;
use crate::weights::Weights;

const LANES: usize = 16;

/// `weight x + bias`.
pub(crate) struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    /// `name.weight` [outputs, inputs] and `name.bias`.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self> {
        let weight = weights.values(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = weights.values(&format!("{name}.bias"), &[outputs])?;
        Ok(Self { weight, bias })
    }

    /// Adds the layer's outputs for `x` to the end of `out`.
    pub(crate) fn extend(&self, x: &[f32], out: &mut Vec<f32>) {
        let start = out.len();
        out.extend_from_slice(&self.bias);
        pulp::Arch::new().dispatch(Product { weight: &self.weight, x, out: &mut out[start..] });
    }

    /// The layer's outputs for `x`.
    pub(crate) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.bias.len());
        self.extend(x, &mut out);
        out
    }
}

/// SiLU of every value.
pub(crate) fn activate(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = silu(*value));
}

/// Adds the product of a matrix and a vector.
struct Product<'a> {
    weight: &'a [f32],
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let rows = self.weight.chunks_exact(self.x.len());
        self.out.iter_mut().zip(rows).for_each(|(out, row)| *out += dot(row, self.x));
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}
