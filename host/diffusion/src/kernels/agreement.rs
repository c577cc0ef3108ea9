//! The CPU's kernels against the same operations composed of candle's, at awkward sizes.

#![allow(clippy::unwrap_used)]

use amdm::rng::TorchCpu;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::exponential::exp;
use super::{Attention, Convolution, Film, Map, Norm};
use crate::weights::Weights;
use crate::{Device, Result, Tensor};

/// Sums of up to 2,000 products of standard normal values, in another order.
const TOLERANCE: f32 = 2e-3;

/// A safetensors file of normal values.
fn file(shapes: &[(&str, &[usize])]) -> Vec<u8> {
    let mut noise = TorchCpu::new(1);
    let tensors: Vec<(&str, &[usize], Vec<u8>)> = shapes
        .iter()
        .map(|&(name, shape)| {
            let values = noise.normal(shape.iter().product());
            (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// Runs `layer` on a map of normal values on both, and compares.
fn compare(
    weights: &[(&str, &[usize])],
    [channels, height, width]: [usize; 3],
    layer: impl Fn(&Weights<'_>, &Device, &Map) -> Result<Map>,
) {
    let bytes = file(weights);
    let values = TorchCpu::new(2).normal(channels * height * width);
    let cpu = Device::cpu(1).unwrap();
    let map = Map::from_parts(&[&values], height, width);
    let found = layer(&Weights::parse(&bytes, &cpu).unwrap(), &cpu, &map).unwrap();
    let other = Device::reference(1).unwrap();
    let extents = (1, channels, height, width);
    let tensor = candle_core::Tensor::from_vec(values, extents, &candle_core::Device::Cpu);
    let map = Map::Composed(tensor.unwrap());
    let expected = layer(&Weights::parse(&bytes, &other).unwrap(), &other, &map).unwrap();
    let expected = Tensor::composed(&other, expected.into_candle().unwrap()).unwrap();
    let (found, expected) = (found.values().unwrap(), expected.to_f32().unwrap());
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= TOLERANCE, "{found}, candle has {expected}");
    }
}

#[test]
fn convolutions() {
    let sizes = [[5, 7, 9], [3, 8, 8], [8, 16, 16], [2, 40, 32], [2, 3, 64], [1, 65, 50]];
    for (taps, stride) in [(3, 1), (3, 2), (1, 1)] {
        for extents in sizes {
            let widths = (extents[0], 6);
            let shape = [6, extents[0], taps, taps];
            compare(&[("c.weight", &shape), ("c.bias", &[6])], extents, |weights, _, x| {
                Convolution::load(weights, "c", widths, taps, stride)?.apply(x, None)
            });
        }
    }
}

#[test]
fn a_residual_is_added() {
    let shape = [4, 4, 3, 3];
    compare(&[("c.weight", &shape), ("c.bias", &[4])], [4, 6, 5], |weights, _, x| {
        Convolution::load(weights, "c", (4, 4), 3, 1)?.apply(x, Some(x.share()))
    });
}

#[test]
fn norms() {
    let weights: &[(&str, &[usize])] = &[("n.weight", &[12]), ("n.bias", &[12])];
    for extents in [[12, 3, 5], [12, 40, 40]] {
        compare(weights, extents, |weights, _, x| Norm::load(weights, "n", 12, 4)?.apply(x));
        compare(weights, extents, |weights, _, x| Norm::load(weights, "n", 12, 4)?.silu(x));
        compare(weights, extents, |weights, device, x| {
            let film = Film::new(device, TorchCpu::new(3).normal(30))?;
            Norm::load(weights, "n", 12, 4)?.film_silu(x, &film, 6)
        });
    }
}

#[test]
fn attention_over_more_than_a_tile() {
    for extents in [[24, 4, 4], [24, 13, 11]] {
        compare(&[], extents, |_, _, x| Attention { heads: 2 }.apply(x));
    }
}

#[test]
fn rearrangements() {
    compare(&[], [3, 4, 6], |_, _, x| x.fold());
    compare(&[], [8, 3, 5], |_, _, x| x.unfold());
    compare(&[], [3, 4, 5], |_, _, x| x.double());
    compare(&[], [3, 4, 5], |_, _, x| x.join(&x.share()));
}

#[test]
fn exponential_is_exact_to_two_units_in_the_last_place() {
    for step in -8700..=8800 {
        #[allow(clippy::cast_precision_loss)]
        let x = step as f32 / 100.0;
        let expected = libm::exp(f64::from(x));
        assert!((f64::from(exp(x)) / expected - 1.0).abs() < 2.4e-7, "at {x}");
    }
    assert!(exp(f32::NEG_INFINITY) < 1.2e-38 && exp(f32::INFINITY) > 2e38);
    assert!(exp(f32::NAN).is_nan());
}
