//! Noise against torch's CPU generator: fixture `torch_randn`, two draws of one generator.

use std::path::PathBuf;

use amdm::rng::{SEED_MAX, TorchCpu, lane_seed};
use safetensors::SafeTensors;

/// The tolerance that the specification of our streams promises.
const TOLERANCE: f32 = 1e-6;

fn fixture(name: &str) -> Vec<u8> {
    let root = std::env::var_os("AMDM_FIXTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
        PathBuf::from,
    );
    std::fs::read(root.join(name).join("io.safetensors")).unwrap()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

#[test]
fn two_draws_of_a_generator_equal_torchs() {
    let bytes = fixture("torch_randn");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut cases: Vec<String> = tensors
        .names()
        .iter()
        .filter_map(|name| Some(name.strip_suffix(".first")?.into()))
        .collect();
    cases.sort();
    assert_eq!(cases.len(), 40);
    for case in cases {
        let (seed, shape) = case.strip_prefix("seed").unwrap().split_once('.').unwrap();
        let count = shape.split('x').map(|extent| extent.parse::<usize>().unwrap()).product();
        let mut stream = TorchCpu::new(seed.parse().unwrap());
        for draw in ["first", "second"] {
            let drawn = stream.normal(count);
            let expected = floats(tensors.tensor(&format!("{case}.{draw}")).unwrap().data());
            assert!(expected.len() == count.min(2048), "{case}: long draws are cut at 2,048");
            for (index, (found, expected)) in drawn.iter().zip(&expected).enumerate() {
                let error = (found - expected).abs();
                assert!(
                    error <= TOLERANCE,
                    "{case}.{draw}[{index}]: {found}, torch has {expected}"
                );
            }
        }
    }
}

#[test]
fn a_kept_value_survives_a_block() {
    let mut interrupted = TorchCpu::new(7);
    let first = interrupted.normal(1);
    interrupted.normal(16);
    let kept = interrupted.normal(1);
    assert_eq!([first, kept].concat(), TorchCpu::new(7).normal(2));
}

#[test]
fn streams_are_the_same_to_the_bit_in_every_build() {
    // FNV-1a over the bits of the first 3,072 values, as first computed on x86-64 Linux.
    let values = TorchCpu::new(122_955).normal(3072);
    let hash = values.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
        (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, 11_690_644_303_675_248_062);
}

#[test]
fn lanes_get_seeds_of_their_own() {
    assert_eq!(lane_seed(SEED_MAX, 0), SEED_MAX);
    let seeds: Vec<u64> = (0..1000).map(|lane| lane_seed(0, lane)).collect();
    let distinct: std::collections::BTreeSet<u32> = seeds.iter().map(|&seed| seed as u32).collect();
    assert_eq!(distinct.len(), seeds.len(), "torch uses the lower 32 bits alone");
    assert!(seeds.iter().all(|&seed| seed <= SEED_MAX));
    // SplitMix64's published first output for the state 0 is e220a8397b1dcdaf.
    assert_eq!(seeds[1], 0xe220_a839_7b1d_cdaf >> 11);
}
