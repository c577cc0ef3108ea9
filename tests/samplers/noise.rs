//! Initial noise and Brownian noise.

use amdm::math::Tensor;
use amdm::rng::{Brownian, initial_noise};

use crate::data::{Tensors, gap};

/// The largest difference to torch: its functions round otherwise in the last place.
const CLOSE: f64 = 1e-6;

#[test]
fn initial_noise_is_what_was_recorded() {
    let recorded = Tensors::read("noise");
    let names = recorded.names("noise/");
    assert!(names.len() > 5);
    for name in names {
        let expected = recorded.get(&name);
        let seed = name.split('/').nth(1).unwrap().strip_prefix("seed").unwrap();
        let places: Option<Vec<u32>> = name.split_once("batch_index_").map(|(_, rest)| {
            let places = rest.split('/').next().unwrap();
            places.split('_').map(|place| place.parse().unwrap()).collect()
        });
        let batch = expected.shape()[0] as usize;
        let n = expected.values().len() / batch;
        let found = initial_noise(seed.parse().unwrap(), batch, n, places.as_deref()).unwrap();
        let off = gap(&found, expected.values());
        assert!(off <= CLOSE, "{name}: {off:e}");
    }
}

#[test]
fn brownian_noise_is_what_was_recorded_whatever_was_asked_before() {
    let recorded = Tensors::read("noise");
    let names = recorded.names("brownian/");
    assert!(!names.is_empty());
    for name in names {
        let parts: Vec<&str> = name.split(['/', '_']).collect();
        let [_, seed, _, _, from, to] = parts[..] else { panic!("{name}") };
        let seed: u64 = seed.strip_prefix("seed").unwrap().parse().unwrap();
        let (from, to): (f64, f64) = (from.parse().unwrap(), to.parse().unwrap());
        let expected = recorded.values(&name);
        let mut motion = Brownian::new(seed, 0.0292, 14.6146, expected.len());
        motion.between(5.0, 1.0);
        let found = motion.between(from, to);
        let off = gap(&found, &expected);
        assert!(off <= CLOSE, "{name}: {off:e}");
    }
}
