//! Tensor operations: values against arithmetic by hand, on the CPU and composed of candle's.

use amdm::error::Code;
use amdm::math::Tensor as _;
use amdm_diffusion::noise::Generator;
use amdm_diffusion::{Device, Dtype, Result, Tensor};

fn devices() -> [Device; 2] {
    [Device::cpu(1).unwrap(), Device::reference(1).unwrap()]
}

fn assert_values(found: Result<Tensor>, shape: &[u32], expected: &[f32]) {
    let found = found.unwrap();
    assert_eq!(found.shape(), shape, "on {}", found.device().name());
    for (found, expected) in found.to_f32().unwrap().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
}

#[test]
fn arithmetic() {
    for device in devices() {
        let tensor =
            |shape: &[u32], values: &[f32]| Tensor::from_f32(&device, shape, values).unwrap();
        let a = tensor(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = tensor(&[2, 3], &[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
        let row = tensor(&[3], &[1.0, 10.0, 100.0]);
        let column = tensor(&[2, 1], &[1.0, -1.0]);
        let shape = &[2, 3];
        assert_values(a.add(&row), shape, &[2.0, 12.0, 103.0, 5.0, 15.0, 106.0]);
        assert_values(a.sub(&column), shape, &[0.0, 1.0, 2.0, 5.0, 6.0, 7.0]);
        assert_values(row.mul(&column), shape, &[1.0, 10.0, 100.0, -1.0, -10.0, -100.0]);
        assert_values(a.div(&row), shape, &[1.0, 0.2, 0.03, 4.0, 0.5, 0.06]);
        assert_values(a.minimum(&b), shape, &[1.0, 2.0, 3.0, 3.0, 2.0, 1.0]);
        assert_values(a.maximum(&b), shape, &[6.0, 5.0, 4.0, 4.0, 5.0, 6.0]);
        assert_values(a.affine(2.0, -1.0), shape, &[1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_values(a.clamp(2.5, 4.5), shape, &[2.5, 2.5, 3.0, 4.0, 4.5, 4.5]);
        assert_values(a.sample_dot(&b), &[2], &[28.0, 28.0]);
        assert_values(a.select(3.5, &row, &column), shape, &[1.0, 1.0, 1.0, 1.0, 10.0, 100.0]);
        let all = [(&a, 2.0), (&b, -1.0), (&a, 0.5)];
        assert_values(Tensor::linear_combination(&all), shape, &[-3.5, 0.0, 3.5, 7.0, 10.5, 14.0]);
        let weights = [&tensor(&[2], &[1.0, 0.0]), &tensor(&[2], &[0.0, 2.0])];
        assert_values(
            Tensor::sample_combination(&[&a, &b], &weights),
            shape,
            &[1.0, 2.0, 3.0, 6.0, 4.0, 2.0],
        );
        let angles = tensor(&[5], &[-1.0, -0.5, 0.0, 0.25, 1.0]);
        let expected = [-1.0_f32, -0.5, 0.0, 0.25, 1.0];
        assert_values(angles.acos(), &[5], &expected.map(f32::acos));
        assert_values(angles.sin(), &[5], &expected.map(f32::sin));
        assert_values(row.sqrt(), &[3], &[1.0, 10.0_f32.sqrt(), 10.0]);
    }
}

#[test]
fn shapes() {
    for device in devices() {
        let values: Vec<f32> = (0..24_u8).map(f32::from).collect();
        let a = Tensor::from_f32(&device, &[2, 3, 4], values).unwrap();
        assert_eq!((a.dtype(), a.bytes()), (Dtype::Float32, 96));
        assert_values(a.narrow(0, 1, 1), &[1, 3, 4], &a.to_f32().unwrap()[12..]);
        let part = a.narrow(2, 1, 2).unwrap();
        assert_values(part.narrow(0, 1, 1), &[1, 3, 2], &[13.0, 14.0, 17.0, 18.0, 21.0, 22.0]);
        let parts = [&a.narrow(1, 2, 1).unwrap(), &a.narrow(1, 0, 2).unwrap()];
        let turned = Tensor::concat(&parts, 1).unwrap();
        assert_eq!(turned.to_f32().unwrap()[..8], [8.0, 9.0, 10.0, 11.0, 0.0, 1.0, 2.0, 3.0]);
        assert_values(a.reshape(&[24]), &[24], &a.to_f32().unwrap());
        let batch = Tensor::from_f32(&device, &[2, 1, 1], vec![1.0, 100.0]).unwrap();
        let scaled = a.mul(&batch).unwrap().to_f32().unwrap();
        assert_eq!((scaled[11], scaled[12]), (11.0, 1200.0));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    for device in devices() {
        let a = Tensor::from_f32(&device, &[2, 3], vec![0.0; 6]).unwrap();
        let b = Tensor::from_f32(&device, &[2, 2], vec![0.0; 4]).unwrap();
        let invalid = [
            a.add(&b),
            a.sample_dot(&b),
            a.reshape(&[5]),
            a.narrow(2, 0, 1),
            a.narrow(1, u32::MAX, 2),
            a.narrow(0, 0, 0),
            a.clamp(1.0, 0.0),
            a.clamp(f64::NAN, 0.0),
            Tensor::concat(&[&a, &b], 0),
            Tensor::concat(&[], 0),
            Tensor::linear_combination(&[]),
            Tensor::linear_combination(&[(&a, 1.0), (&b, 1.0)]),
            Tensor::sample_combination(&[&a], &[&b]),
            Tensor::sample_combination(&[&a], &[]),
            Tensor::from_f32(&device, &[2], vec![0.0; 3]),
            Tensor::from_f32(&device, &[0], vec![]),
            Tensor::from_f32(&device, &[1; 9], vec![0.0]),
        ];
        for error in invalid {
            assert_eq!(error.unwrap_err().code, Code::InvalidInput);
        }
    }
}

#[test]
fn two_devices_do_not_mix() {
    let [cpu, other] = devices();
    let a = Tensor::from_f32(&cpu, &[1], vec![0.0]).unwrap();
    let b = Tensor::from_f32(&other, &[1], vec![0.0]).unwrap();
    assert_eq!(a.add(&b).unwrap_err().code, Code::InvalidInput);
    assert!(a.add(&Tensor::from_f32(&Device::cpu(2).unwrap(), &[1], vec![0.0]).unwrap()).is_ok());
}

#[test]
fn a_tensor_above_the_limit_is_refused_before_it_is_made() {
    let device = Device::cpu(1).unwrap();
    let huge = Generator::new(0).normal(&device, &[u32::MAX, u32::MAX, u32::MAX]);
    assert_eq!(huge.unwrap_err().code, Code::LimitExceeded);
    let column = Tensor::from_f32(&device, &[20_000, 1], vec![0.0; 20_000]).unwrap();
    let row = column.reshape(&[1, 20_000]).unwrap();
    let error = column.add(&row).unwrap_err();
    assert_eq!(error.code, Code::LimitExceeded);
    assert_eq!(
        error.message,
        "a tensor of shape [20000, 20000] has 1600000000 bytes, the limit is 1073741824"
    );
}

#[test]
fn devices_open_by_name() {
    assert_eq!(Device::open("cpu", 2).unwrap().threads(), 2);
    assert_eq!(Device::open("tpu", 1).unwrap_err().code, Code::InvalidInput);
    assert_eq!(Device::open("cuda:x", 1).unwrap_err().code, Code::InvalidInput);
    assert_eq!(Device::cpu(100_000).unwrap_err().code, Code::LimitExceeded);
    assert!(Device::open("auto", 1).is_ok());
    if cfg!(not(feature = "cuda")) {
        let error = Device::open("cuda", 1).unwrap_err();
        assert_eq!(error.code, Code::Unsupported);
        assert!(error.message.contains("use the CUDA build"), "{error}");
    }
}
