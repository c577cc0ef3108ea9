//! Guidance, kinds of prediction and masks, in float64 against their definitions.

use amdm::math::schedule::{SigmaTable, scaled_linear_cumulative};
use amdm::math::solver::sigma::inpaint::Inpaint;
use amdm::math::solver::sigma::network::{
    denoised_factors, guide, guide_rescaled, input_scale, is_unguided, start,
};
use amdm::math::{NoiseLevel, PredictionKind};

use crate::dense::Dense;

type Wide = Dense<f64>;

/// Two samples of eight values.
fn values(seed: f64) -> Wide {
    let values = (0..16).map(|at| (seed + 1.7 * f64::from(at)).sin() * (1.0 + seed)).collect();
    Wide::new(&[2, 2, 2, 2], values)
}

fn assert_close(found: &Wide, expected: &[f64]) {
    for (found, expected) in found.values().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

/// Standard deviation of a sample, of the whole.
fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn guidance_is_rescaled_per_sample_in_the_velocity_form() {
    let (sigma, guidance, share) = (3.0_f64, 7.0, 0.7);
    let (latent, positive, negative) = (values(0.3), values(0.5), values(0.9));
    let found = guide_rescaled(&latent, (&positive, &negative), sigma, guidance, share).unwrap();
    let root = (sigma * sigma + 1.0).sqrt();
    let mut expected = Vec::new();
    for sample in [0..8, 8..16] {
        let x = &latent.values()[sample.clone()];
        let velocity = |denoised: &Wide| {
            let pairs = x.iter().zip(&denoised.values()[sample.clone()]);
            pairs.map(|(x, d)| (x / (root * root) - d) * root / sigma).collect::<Vec<f64>>()
        };
        let (vc, vu) = (velocity(&positive), velocity(&negative));
        let pairs = vc.iter().zip(&vu);
        let guided: Vec<f64> = pairs.map(|(c, u)| u + guidance * (c - u)).collect();
        let factor = share * deviation(&vc) / deviation(&guided) + 1.0 - share;
        expected.extend(
            x.iter().zip(&guided).map(|(x, v)| x / (root * root) - factor * v * sigma / root),
        );
    }
    assert_close(&found, &expected);
    let plain = guide_rescaled(&latent, (&positive, &negative), sigma, guidance, 0.0).unwrap();
    assert_close(&plain, guide(&positive, &negative, guidance).unwrap().values());
}

#[test]
fn kinds_of_prediction_give_the_same_clean_latent() {
    let (sigma, clean, noise) = (2.5_f64, 0.8, -0.4);
    let latent = clean + sigma * noise;
    let root = (sigma * sigma + 1.0).sqrt();
    assert!((input_scale(sigma) - 1.0 / root).abs() < 1e-15);
    for (kind, output) in [
        (PredictionKind::Epsilon, noise),
        (PredictionKind::Velocity, (noise - sigma * clean) / root),
        (PredictionKind::Sample, clean),
    ] {
        let (keep, factor) = denoised_factors(kind, sigma).unwrap();
        assert!((keep * latent + factor * output - clean).abs() < 1e-12, "{kind:?}");
    }
    assert_eq!(denoised_factors(PredictionKind::Flow, sigma), None);
}

#[test]
fn a_guidance_of_one_needs_no_negative() {
    for (guidance, unguided) in [(1.0, true), (1.0 + 5e-10, true), (1.001, false), (0.0, false)] {
        assert_eq!(is_unguided(guidance), unguided, "{guidance}");
    }
}

#[test]
fn starts_have_the_deviation_of_their_process() {
    let table = SigmaTable::new(&scaled_linear_cumulative(1000, 0.00085, 0.012)).unwrap();
    let (clean, noise) = (values(0.2), values(0.7));
    let most = table.max();
    for (sigma, deviation) in [(most, (1.0 + most * most).sqrt()), (2.0, 2.0)] {
        let found = start(&clean, &noise, sigma, &table).unwrap();
        let pairs = clean.values().iter().zip(noise.values());
        let expected: Vec<f64> = pairs.map(|(clean, noise)| clean + deviation * noise).collect();
        assert_close(&found, &expected);
    }
}

#[test]
fn what_a_mask_keeps_is_put_back_around_each_call() {
    let mask = Wide::new(&[1, 1, 2, 2], vec![1.0, 0.0, 0.25, 1.0]);
    let (clean, noise, latent) = (values(0.2), values(0.7), values(1.1));
    let inpaint = Inpaint::new(mask, clean.clone(), noise.clone()).unwrap();
    let level = NoiseLevel { timestep: 0.0, signal: 0.5, noise: 3.0 };
    let (before, after) = (inpaint.before(&latent, level), inpaint.after(&latent));
    let (before, after) = (before.unwrap(), after.unwrap());
    for at in 0..16 {
        let mask = [1.0, 0.0, 0.25, 1.0][at % 4];
        let (x, clean, noise) = (latent.values()[at], clean.values()[at], noise.values()[at]);
        let blend = |outside: f64| mask * x + (1.0 - mask) * outside;
        assert!((before.values()[at] - blend(0.5 * clean + 3.0 * noise)).abs() < 1e-12);
        assert!((after.values()[at] - blend(clean)).abs() < 1e-12);
    }
}
