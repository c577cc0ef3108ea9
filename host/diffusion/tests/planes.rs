//! Operations on planes and axes, against torch 2.15 and arithmetic by hand, on the CPU and on the
//! reference device.

use amdm::error::Code;
use amdm::math::Tensor as _;
use amdm_diffusion::pixels::{Filter, edges, grow, resize};
use amdm_diffusion::{Device, Edge, Resampling, Result, Tensor};

fn devices() -> [Device; 2] {
    [Device::cpu(1).unwrap(), Device::reference(1).unwrap()]
}

fn plane(device: &Device) -> Tensor {
    let values = vec![0.0, 1.0, -2.0, 0.5, 3.0, 0.25, 1.0, -1.0, 2.0, 2.0, 0.0, 4.0];
    Tensor::from_f32(device, &[1, 3, 4], values).unwrap()
}

fn assert_values(found: Result<Tensor>, shape: &[u32], expected: &[f32]) {
    let found = found.unwrap();
    assert_eq!(found.extents(), shape, "on {}", found.device().name());
    let values = found.to_f32().unwrap();
    let close = values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-6);
    assert!(close && values.len() == expected.len(), "{values:?}, expected {expected:?}");
}

fn code(result: Result<Tensor>) -> Code {
    result.unwrap_err().code
}

#[test]
fn axes_are_turned_exchanged_and_summed() {
    for device in devices() {
        let x = plane(&device).reshape(&[3, 2, 2]).unwrap();
        let turned = [2.0, 2.0, 0.0, 4.0, 3.0, 0.25, 1.0, -1.0, 0.0, 1.0, -2.0, 0.5];
        assert_values(x.flip(0), &[3, 2, 2], &turned);
        let turned = [1.0, 0.0, 0.5, -2.0, 0.25, 3.0, -1.0, 1.0, 2.0, 2.0, 4.0, 0.0];
        assert_values(x.flip(2), &[3, 2, 2], &turned);
        let exchanged = [0.0, 3.0, 2.0, -2.0, 1.0, 0.0, 1.0, 0.25, 2.0, 0.5, -1.0, 4.0];
        assert_values(x.transpose(2, 0), &[2, 2, 3], &exchanged);
        assert_values(x.transpose(1, 1), &[3, 2, 2], &x.to_f32().unwrap());
        assert_values(x.sum(1), &[3, 1, 2], &[-2.0, 1.5, 4.0, -0.75, 2.0, 6.0]);
        assert_values(x.sum(0), &[1, 2, 2], &[5.0, 3.25, -1.0, 3.5]);
        assert_eq!(code(x.flip(3)), Code::InvalidInput);
        assert_eq!(code(x.transpose(0, 3)), Code::InvalidInput);
        assert_eq!(code(x.sum(u32::MAX)), Code::InvalidInput);
    }
}

#[test]
fn values_are_rounded_to_even_and_raised() {
    for device in devices() {
        let x = vec![-2.5, -1.5, -0.4, 0.5, 1.5, 2.500_001, 7.0, 1e9];
        let x = Tensor::from_f32(&device, &[8], x).unwrap();
        assert_values(x.round(), &[8], &[-2.0, -2.0, 0.0, 0.0, 2.0, 3.0, 7.0, 1e9]);
        let small = Tensor::from_f32(&device, &[3], vec![-1.0, 0.0, 1.0]).unwrap();
        let powers = [0.367_879_44, 1.0, 2.718_281_7];
        assert_values(small.exp(), &[3], &powers);
        assert_values(small.exp().unwrap().ln(), &[3], &[-1.0, 0.0, 1.0]);
        assert_values(Tensor::full(&device, &[2, 1], 0.25), &[2, 1], &[0.25; 2]);
        assert_eq!(code(Tensor::full(&device, &[1 << 16, 1 << 16], 0.0)), Code::LimitExceeded);
        assert_eq!(code(Tensor::full(&device, &[0], 0.0)), Code::InvalidInput);
    }
}

/// `torch.nn.functional.interpolate` with the mode of that name.
#[test]
fn planes_at_another_size_follow_torch() {
    let cases = [
        (
            Resampling::NearestExact,
            [5, 3],
            vec![0.0, -2.0, 0.5, 0.0, -2.0, 0.5, 3.0, 1.0, -1.0, 2.0, 0.0, 4.0, 2.0, 0.0, 4.0],
        ),
        (
            Resampling::NearestExact,
            [2, 7],
            vec![0.0, 0.0, 1.0, -2.0, -2.0, 0.5, 0.5, 2.0, 2.0, 2.0, 0.0, 0.0, 4.0, 4.0],
        ),
        (
            Resampling::Bilinear,
            [5, 3],
            vec![
                0.166667, -0.5, 0.083334, 1.116667, -0.05, -0.216667, 2.541667, 0.625, -0.666667,
                2.216666, 0.85, 1.733334, 2.0, 1.0, 3.333334,
            ],
        ),
        (
            Resampling::Bilinear,
            [2, 7],
            vec![
                0.75, 0.772321, 0.808036, -0.21875, -1.151785, -0.366071, 0.125, 2.25, 2.004464,
                1.611607, 0.90625, 0.428572, 1.857143, 2.75,
            ],
        ),
        (
            Resampling::Area,
            [5, 3],
            vec![
                0.5, -0.5, -0.75, 1.0625, 0.0625, -0.375, 1.625, 0.625, 0.0, 1.8125, 0.8125, 1.0,
                2.0, 1.0, 2.0,
            ],
        ),
        (
            Resampling::Area,
            [2, 7],
            vec![
                1.5, 1.0625, 0.625, 0.0625, -0.5, -0.375, -0.25, 2.5, 1.8125, 1.125, 0.8125, 0.5,
                1.0, 1.5,
            ],
        ),
        (
            Resampling::Bicubic,
            [5, 3],
            vec![
                -0.034481, -0.755375, 0.164871, 1.165669, -0.181906, -0.511597, 2.592304, 0.554688,
                -0.699942, 2.423627, 0.683781, 1.747028, 1.981195, 0.63175, 3.783955,
            ],
        ),
        (
            Resampling::Bicubic,
            [2, 7],
            vec![
                0.709515, 0.859445, 0.860346, -0.372284, -1.307384, -0.574508, 0.110333, 2.406929,
                2.151382, 1.677854, 0.651092, 0.416552, 1.892012, 3.06075,
            ],
        ),
    ];
    for device in devices() {
        for (filter, [height, width], expected) in &cases {
            let found = plane(&device).resize(*height, *width, *filter);
            assert_values(found, &[1, *height, *width], expected);
        }
    }
}

#[test]
fn vectors_turn_and_keep_their_length() {
    for device in devices() {
        // Two channels: a unit vector to the right, then one of length 3 upwards.
        let x = Tensor::from_f32(&device, &[2, 1, 2], vec![1.0, 0.0, 0.0, 3.0]).unwrap();
        let found = x.resize(1, 4, Resampling::Bislerp).unwrap().to_f32().unwrap();
        let (right, up) = found.split_at(4);
        let length = |at: usize| (right[at].powi(2) + up[at].powi(2)).sqrt();
        for (at, expected) in [1.0, 1.5, 2.5, 3.0].into_iter().enumerate() {
            assert!((length(at) - expected).abs() < 1e-5, "{found:?}");
        }
        // A quarter of the way is an angle of 22.5 degrees.
        assert!((up[1] / right[1] - 0.414_213_57).abs() < 1e-5, "{found:?}");
        let flat = Tensor::from_f32(&device, &[2, 2], vec![0.0; 4]).unwrap();
        assert_eq!(code(flat.resize(4, 4, Resampling::Bislerp)), Code::InvalidInput);
    }
}

/// `torch.nn.functional.conv2d`, for `Reflect` over `pad` of that mode.
#[test]
fn planes_with_a_kernel_follow_torch() {
    for device in devices() {
        let x = plane(&device);
        let kernel = vec![1.0, 2.0, 0.0, -1.0, 0.5, 1.0, 0.0, 0.0, 3.0];
        let kernel = Tensor::from_f32(&device, &[3, 3], kernel).unwrap();
        let zero = [1.75, 1.5, -4.5, 2.25, 7.75, 0.125, 8.25, -2.5, 9.0, 2.5, 4.25, 1.0];
        assert_values(x.convolve(&kernel, Edge::Zero), &[1, 3, 4], &zero);
        let mirrored = [7.0, 5.0, -2.25, 2.25, 8.5, 0.125, 8.25, -1.5, 8.0, 5.5, 1.25, 4.0];
        assert_values(x.convolve(&kernel, Edge::Reflect), &[1, 3, 4], &mirrored);
        let wide = Tensor::full(&device, &[1, 9], 1.0).unwrap();
        assert_eq!(code(x.convolve(&wide, Edge::Reflect)), Code::InvalidInput);
        assert_values(wide.convolve(&wide, Edge::Zero).unwrap().narrow(1, 4, 1), &[1, 1], &[9.0]);
        let even = Tensor::full(&device, &[2, 3], 1.0).unwrap();
        assert_eq!(code(x.convolve(&even, Edge::Zero)), Code::InvalidInput);
        let flat = Tensor::full(&device, &[3], 1.0).unwrap();
        assert_eq!(code(x.convolve(&flat, Edge::Zero)), Code::InvalidInput);
        assert_eq!(code(flat.convolve(&kernel, Edge::Zero)), Code::InvalidInput);
    }
}

#[test]
fn hostile_sizes_are_refused_before_they_cost() {
    let device = Device::cpu(1).unwrap();
    let x = plane(&device);
    let filters = [
        Resampling::NearestExact,
        Resampling::Bilinear,
        Resampling::Area,
        Resampling::Bicubic,
        Resampling::Bislerp,
    ];
    for filter in filters {
        for [height, width] in [[u32::MAX, 1], [1, u32::MAX], [1 << 16, 1 << 16]] {
            assert_eq!(code(x.resize(height, width, filter)), Code::LimitExceeded, "{filter:?}");
        }
        assert_eq!(code(x.resize(0, 1, filter)), Code::InvalidInput, "{filter:?}");
    }
    let line = Tensor::full(&device, &[1, 1 << 20], 0.0).unwrap();
    let kernel = Tensor::full(&device, &[1, (1 << 20) - 1], 0.0).unwrap();
    assert_eq!(code(line.convolve(&kernel, Edge::Zero)), Code::LimitExceeded);
    let long = Tensor::full(&device, &[1, 1, 1 << 17, 1], 0.0).unwrap();
    assert_eq!(code(resize(&long, 1, 1, Filter::Lanczos)), Code::LimitExceeded);
}

/// Growing one pixel at a time, by the definition.
fn grown(values: &[f32], [height, width]: [usize; 2], pixels: i32, tapered: bool) -> Vec<f32> {
    let pick = if pixels > 0 { f32::max } else { f32::min };
    let mut values = values.to_vec();
    for _ in 0..pixels.abs() {
        let old = values.clone();
        for (at, value) in values.iter_mut().enumerate() {
            let (y, x) = (at / width, at % width);
            for (other, &near) in old.iter().enumerate() {
                let [down, right] = [(other / width).abs_diff(y), (other % width).abs_diff(x)];
                if down <= 1 && right <= 1 && !(tapered && down + right == 2) {
                    *value = pick(*value, near);
                }
            }
        }
    }
    assert_eq!(values.len(), height * width);
    values
}

#[test]
fn masks_grow_as_they_do_pixel_by_pixel() {
    for device in devices() {
        let values: Vec<f32> = (0..63_u32).map(|at| (at * at * 37 % 101) as f32 / 101.0).collect();
        let mask = Tensor::from_f32(&device, &[1, 7, 9], values.clone()).unwrap();
        for pixels in [-20, -5, -3, -1, 0, 1, 2, 3, 4, 6, 7, 16, i32::MAX, i32::MIN] {
            for tapered in [false, true] {
                let expected = grown(&values, [7, 9], pixels.clamp(-20, 20), tapered);
                assert_values(grow(&mask, pixels, tapered), &[1, 7, 9], &expected);
            }
        }
        assert_eq!(
            code(grow(&Tensor::full(&device, &[3], 0.0).unwrap(), 1, true)),
            Code::InvalidInput
        );
    }
}

#[test]
fn a_square_has_its_outline_as_edges() {
    for device in devices() {
        let inside = |at: u32| (5..15).contains(&(at / 20)) && (5..15).contains(&(at % 20));
        let values: Vec<f32> =
            (0..400).flat_map(|at| [if inside(at) { 1.0 } else { 0.0 }; 3]).collect();
        let image = Tensor::from_f32(&device, &[1, 20, 20, 3], values).unwrap();
        let found = edges(&image, 0.1, 0.2).unwrap().to_f32().unwrap();
        let at = |y: usize, x: usize| found[(y * 20 + x) * 3];
        assert_eq!((at(10, 10), at(10, 1), at(1, 10)), (0.0, 0.0, 0.0));
        let across: f32 = (0..20).map(|x| at(10, x)).sum();
        let down: f32 = (0..20).map(|y| at(y, 10)).sum();
        assert_eq!((across, down), (2.0, 2.0));
        let none = edges(&image, 5.0, 6.0).unwrap().to_f32().unwrap();
        assert!(none.iter().all(|&value| value == 0.0));
        assert_eq!(code(edges(&plane(&device), 0.1, 0.2)), Code::InvalidInput);
    }
}
