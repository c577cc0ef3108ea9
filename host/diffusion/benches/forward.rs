//! How long the tiny family's forward pass takes on one thread, and what feeds it.
//!
//! `Gelem/s` of the groups `forward` is GFLOP/s: a row's pass has 79 million floating-point
//! operations.
#![allow(clippy::unwrap_used, missing_docs)]

use amdm::math::Tensor as _;
use amdm_diffusion::noise::Generator;
use amdm_diffusion::{Device, Models, Request, Tensor, predict};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Two for each of 39.5 million products.
const FLOP: u64 = 79_000_000;

fn forward(c: &mut Criterion) {
    let device = Device::cpu(1).unwrap();
    let model = Models::new(&device).load("tiny-layout", "").unwrap();
    let condition = model.condition(r#"{"boxes":[[0.2,0.2,0.5,0.6]]}"#, &[]).unwrap();
    let mut group = c.benchmark_group("forward");
    for batch in [1, 64] {
        let latent = Generator::new(0).normal(&device, &[batch, 3, 32, 32]).unwrap();
        let request = Request {
            model: &model,
            latent: &latent,
            level: model.info().level(500.0),
            positive: &condition,
            negative: None,
            guidance: 1.0,
            step: 0,
            steps: 1,
        };
        group.throughput(Throughput::Elements(FLOP * u64::from(batch)));
        group.sample_size(if batch == 1 { 100 } else { 20 });
        group.bench_function(format!("batch {batch}"), |b| {
            b.iter(|| predict(&[request], false, &|| false).unwrap());
        });
    }
    group.finish();
}

fn tensors(c: &mut Criterion) {
    let device = Device::cpu(1).unwrap();
    let mut group = c.benchmark_group("tensors");
    let latent = Generator::new(0).normal(&device, &[1, 3, 32, 32]).unwrap();
    let small = Tensor::from_f32(&device, &[4], vec![0.1; 4]).unwrap();
    group.bench_function("acos of [4]", |b| b.iter(|| small.acos().unwrap()));
    group.bench_function("linear combination of two latents", |b| {
        b.iter(|| Tensor::linear_combination(&[(&latent, 0.5), (&latent, 0.25)]).unwrap());
    });
    group.bench_function("inner product of two latents", |b| {
        b.iter(|| latent.sample_dot(&latent).unwrap());
    });
    group.bench_function("noise of a latent", |b| {
        let mut noise = Generator::new(0);
        b.iter(|| noise.normal(&device, &[1, 3, 32, 32]).unwrap());
    });
    group.finish();
}

criterion_group!(benches, forward, tensors);
criterion_main!(benches);
