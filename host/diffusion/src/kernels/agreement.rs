//! The CPU's kernels against the same operations composed of candle's, at awkward sizes.

#![allow(clippy::unwrap_used)]

use amdm::error::Code;
use amdm::rng::TorchCpu;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::exponential::exp;
use super::{Activation, Attention, Convolution, Film, LayerNorm, Map, Norm, Pointwise, Work};
use crate::weights::{WeightFile, Weights};
use crate::{Device, Result, Tensor};

/// Sums of up to 2,000 products of standard normal values, in another order.
const TOLERANCE: f32 = 2e-3;

/// A safetensors file of normal values, stored in 32 or 16 bits.
fn file(shapes: &[(&str, &[usize])], dtype: Dtype) -> WeightFile {
    let mut noise = TorchCpu::new(1);
    let bytes = |value: f32| match dtype {
        Dtype::F16 => f16::from_f32(value).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f32(value).to_le_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    };
    let tensors: Vec<(&str, &[usize], Vec<u8>)> = shapes
        .iter()
        .map(|&(name, shape)| {
            let values = noise.normal(shape.iter().product());
            (name, shape, values.into_iter().flat_map(bytes).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (*name, TensorView::new(dtype, shape.to_vec(), bytes).unwrap())
    });
    WeightFile::new(safetensors::serialize(views, None).unwrap())
}

/// Two rows of normal values.
fn map(device: &Device, seed: u64, [channels, height, width]: [usize; 3]) -> Map {
    let extents = [2, channels, height, width];
    let values = TorchCpu::new(seed).normal(extents.iter().product());
    let extents = extents.map(|extent| u32::try_from(extent).unwrap());
    Map::of(&Tensor::from_f32(device, &extents, values).unwrap()).unwrap()
}

/// Runs `layer` on two rows of normal values on both, and compares; two threads change nothing.
fn compare(
    weights: &[(&str, &[usize])],
    extents: [usize; 3],
    layer: impl Fn(&Weights<'_>, &Map, Work<'_>) -> Result<Map> + Sync,
) {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        let file = file(weights, dtype);
        let run = |device: &Device| {
            let (x, weights) = (map(device, 2, extents), Weights::parse(&file, device).unwrap());
            Work::on(device, &|| false, |work| {
                layer(&weights, &x, work).unwrap().into_tensor(device).unwrap().to_f32().unwrap()
            })
        };
        let found = run(&Device::cpu(1).unwrap());
        let expected = run(&Device::reference(1).unwrap());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= TOLERANCE, "{found}, candle has {expected}");
        }
        assert!(found == run(&Device::cpu(3).unwrap()), "three threads change a bit");
    }
}

#[test]
fn convolutions() {
    let sizes = [[5, 7, 9], [3, 8, 8], [8, 16, 16], [2, 40, 32], [2, 3, 64], [1, 65, 50]];
    for extents in sizes {
        let widths = (extents[0], 6);
        let weights: &[(&str, &[usize])] =
            &[("c.weight", &[6, extents[0], 3, 3]), ("c.bias", &[6])];
        for stride in [1, 2] {
            compare(weights, extents, |weights, x, work| {
                Convolution::load(weights, "c", widths, stride)?.apply(x, None, work)
            });
        }
        if extents[1] > 1 && extents[2] > 1 {
            compare(weights, extents, |weights, x, work| {
                Convolution::load_lower_right(weights, "c", widths)?.apply(x, None, work)
            });
        }
    }
}

/// Outputs, inputs and pixels beyond a tile and a block; weights that are expanded in use.
#[test]
fn convolutions_of_several_tiles() {
    for (inputs, outputs) in [(130, 648), (256, 70)] {
        let weights: &[(&str, &[usize])] =
            &[("c.weight", &[outputs, inputs, 3, 3]), ("c.bias", &[outputs])];
        compare(weights, [inputs, 9, 70], |weights, x, work| {
            Convolution::load(weights, "c", (inputs, outputs), 1)?.apply(x, None, work)
        });
    }
}

#[test]
fn a_residual_and_a_shift_are_added() {
    let weights: &[(&str, &[usize])] =
        &[("c.weight", &[4, 4, 3, 3]), ("c.bias", &[4]), ("s.weight", &[4, 4]), ("s.bias", &[4])];
    compare(weights, [4, 6, 5], |weights, x, work| {
        Convolution::load(weights, "c", (4, 4), 1)?.apply(x, Some(x.share()), work)
    });
    compare(weights, [4, 6, 5], |weights, x, work| {
        Pointwise::load(weights, "s", (4, 4))?.apply(x, Some(x.share()), work)
    });
    compare(weights, [4, 1, 1], |weights, x, work| {
        Convolution::load(weights, "c", (4, 4), 1)?.shifted(x, x, work)
    });
}

#[test]
fn linear_layers() {
    for (inputs, outputs, pixels) in [(5, 6, 7), (5, 6, 1), (1200, 330, 3), (330, 900, 1030)] {
        let weights: &[(&str, &[usize])] =
            &[("l.weight", &[outputs, inputs]), ("l.bias", &[outputs])];
        let extents = [inputs, 1, pixels];
        let widths = (inputs, outputs);
        compare(weights, extents, |weights, x, work| {
            Pointwise::load(weights, "l", widths)?.apply(x, None, work)
        });
        compare(weights, extents, |weights, x, work| {
            Pointwise::without_bias(weights, "l", widths)?.apply(x, None, work)
        });
        for activation in [Activation::Silu, Activation::QuickGelu, Activation::Gelu] {
            compare(weights, extents, |weights, x, work| {
                Pointwise::load(weights, "l", widths)?.activated(x, activation, work)
            });
        }
        if inputs < 1000 {
            // Products of two sums: the smaller ones, for the tolerance.
            compare(weights, extents, |weights, x, work| {
                Pointwise::load(weights, "l", widths)?.gated(x, work)
            });
        }
    }
}

#[test]
fn norms() {
    let weights: &[(&str, &[usize])] = &[("n.weight", &[12]), ("n.bias", &[12])];
    let norm = |weights: &Weights<'_>| Norm::load(weights, "n", 12, 4, 1e-5);
    for extents in [[12, 3, 5], [12, 40, 40]] {
        compare(weights, extents, |weights, x, work| norm(weights)?.apply(x, work));
        compare(weights, extents, |weights, x, work| norm(weights)?.silu(x, work));
        compare(weights, extents, |weights, x, work| {
            let film = Film::new(weights.device(), TorchCpu::new(3).normal(30))?;
            norm(weights)?.film_silu(x, &film, 6, work)
        });
        compare(weights, extents, |weights, x, work| {
            LayerNorm::load(weights, "n", 12)?.apply(x, work)
        });
    }
}

#[test]
fn attention_over_more_than_a_tile() {
    for extents in [[24, 4, 4], [24, 13, 11]] {
        for is_causal in [false, true] {
            compare(&[], extents, |_, x, work| {
                let attention = Attention { heads: 2, channels: 8, is_causal };
                attention.apply([x.part(0), x.part(8), x.part(16)], work)
            });
        }
    }
}

#[test]
fn attention_to_other_tokens() {
    compare(&[], [16, 13, 11], |weights, x, work| {
        let others = map(weights.device(), 4, [32, 1, 77]);
        let attention = Attention { heads: 4, channels: 16, is_causal: false };
        attention.apply([x.part(0), others.part(0), others.part(16)], work)
    });
}

#[test]
fn rearrangements() {
    compare(&[], [3, 4, 6], |_, x, _| x.fold());
    compare(&[], [8, 3, 5], |_, x, _| x.unfold());
    compare(&[], [3, 4, 5], |_, x, work| x.double(work));
    compare(&[], [3, 4, 5], |_, x, work| x.enlarge(7, 9, work));
    compare(&[], [3, 4, 5], |_, x, _| x.join(&x.share()));
    compare(&[], [3, 4, 5], |_, x, _| x.followed_by(x));
    compare(&[], [3, 4, 5], |_, x, _| x.share().plus(x, 0.5));
}

#[test]
fn tokens_come_back_as_they_went() {
    for device in [Device::cpu(1).unwrap(), Device::reference(1).unwrap()] {
        let values = TorchCpu::new(5).normal(2 * 7 * 5);
        let tokens = Tensor::from_f32(&device, &[2, 7, 5], values.clone()).unwrap();
        let map = Map::of_tokens(&tokens).unwrap();
        assert_eq!(map.extents().unwrap(), [2, 5, 1, 7]);
        let back = map.into_tokens(&device).unwrap();
        assert_eq!(back.extents(), [2, 7, 5]);
        assert_eq!(back.to_f32().unwrap(), values);
    }
}

#[test]
fn a_stopped_run_stops_between_tiles() {
    for device in [Device::cpu(1).unwrap(), Device::cpu(2).unwrap(), Device::reference(1).unwrap()]
    {
        let x = map(&device, 2, [3, 4, 4]);
        let found = Work::on(&device, &|| true, |work| x.double(work).map(|_| ()));
        assert_eq!(found.unwrap_err().code, Code::Cancelled);
    }
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
