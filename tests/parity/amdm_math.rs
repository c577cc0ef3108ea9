//! Fixture `amdm_math`: tables, means, mixes and moves as the published code computes them.

use std::cell::RefCell;

use amdm::math::aggregate::merge;
use amdm::math::process::posterior;
use amdm::math::refine::official_mean;
use amdm::math::schedule::{self, Spacing};
use amdm::math::{
    ManifoldRefine, Mean, Mode, NoiseLevel, Operator, Phase, PredictionKind, Solver, StepContext,
    StepState, Tensor,
};

use crate::dense::{Dense, Real};
use crate::fixture::{Fixture, assert_within, equals};
use crate::native::whole;

/// As the fixture states it, absolute.
const TOLERANCE: f64 = 1e-5;

#[test]
fn every_tensor_in_float32() {
    every_tensor::<f32>();
}

#[test]
fn every_tensor_in_float64() {
    every_tensor::<f64>();
}

fn every_tensor<F: Real>() {
    let fixture = Fixture::load("amdm_math");
    let bars = tables(&fixture);
    spacings(&fixture);
    means_and_moves::<F>(&fixture, &bars);
    mixes::<F>(&fixture);
    slerps::<F>(&fixture);
    batch::<F>(&fixture, &bars);
    fixture.assert_covered(&[("eb", "an input that no recorded result uses")]);
}

fn tables(fixture: &Fixture) -> Vec<f64> {
    let betas = schedule::scaled_linear_betas(1000, 0.00085, 0.012);
    let bars = schedule::alphas_cumprod(&betas);
    for (name, found) in [("betas", &betas), ("alphas", &schedule::alphas(&betas))] {
        assert!(equals(found, fixture.values(name)), "{name} to the last bit");
    }
    assert!(equals(&bars, fixture.values("alphas_cumprod")), "cumulative ones to the last bit");
    bars
}

fn spacings(fixture: &Fixture) {
    for steps in [10, 20, 50] {
        let found =
            Spacing::Leading.timesteps(Solver::Ddim, steps, 1000, |_| Ok(Vec::new())).unwrap();
        assert_eq!(found, fixture.values(&format!("timesteps_{steps}")));
    }
}

fn level(bars: &[f64], timestep: usize) -> NoiseLevel {
    NoiseLevel::variance_preserving(timestep as f64, bars[timestep])
}

/// Step `index` of the published loop through the operator: what it makes of `mixed`.
fn refined<F: Real>(
    bars: &[f64],
    (before, now): (usize, usize),
    (input, epsilon): (&Dense<F>, &Dense<F>),
    mixed: &Dense<F>,
    length: f64,
) -> Dense<F> {
    let context = RefCell::new(StepState::new(1, 50, bars.to_vec()).unwrap());
    let size = f64::from(mixed.shape()[1..].iter().product::<u32>());
    let (mode, mean) = (Mode::Radius, Mean::Official);
    let mut refine = ManifoldRefine::new(mode, mean, length / size.sqrt(), 1.0, true);
    refine.check(&context).unwrap();
    let levels = [level(bars, before), level(bars, now), level(bars, now - 1)];
    for index in 0..2 {
        context.set_latent(0, input.share()).unwrap();
        context.begin(index, levels[index as usize], levels[index as usize + 1]);
        context.set_prediction(0, PredictionKind::Epsilon, whole(epsilon.share())).unwrap();
        context.set_latent(0, mixed.share()).unwrap();
        refine.apply(Phase::Stepped, &context).unwrap();
        if index == 0 {
            assert_eq!(&context.latent(0).unwrap(), mixed, "the first step is remembered only");
        }
    }
    context.latent(0).unwrap()
}

fn means_and_moves<F: Real>(fixture: &Fixture, bars: &[f64]) {
    let tensor = |name: &str| fixture.tensor::<F>(name);
    let (input, epsilon) = (tensor("prev"), tensor("ea"));
    let (xa, xb) = (tensor("xa"), tensor("xb"));
    let shares = merge::official_shares(2, 0.5, 1.0);
    let mixed = merge::spherical(&[&xa, &xb], &shares).unwrap();
    for case in fixture.config["cases"].as_array().unwrap() {
        let whole = |name: &str| case[name].as_u64().unwrap() as usize;
        let number = |name: &str| case[name].as_f64().unwrap();
        let (n, i, now, before) = (whole("n"), whole("i"), whole("t"), whole("mu_timestep"));
        let name = format!("n{n}_i{i}");
        let bar = bars[before];
        assert_within(&name, &[bar], &[number("alpha_cumprod")], 1e-9);
        let alpha = bar / bars[before - 1];
        assert_within(&name, &[alpha], &[number("alpha")], 1e-6);
        if !case["sigma_eta1"].is_null() {
            let sigma = posterior(level(bars, now), level(bars, now - 1000 / n)).sigma;
            assert_within(&name, &[sigma], &[number("sigma_eta1")], TOLERANCE);
        }
        let mean = official_mean(&input, &epsilon, bars, before as f64).unwrap();
        let expected = fixture.values(&format!("mu_{name}"));
        assert_within(&name, &mean.wide(), expected, TOLERANCE);
        let gap = mixed.sub(&mean).unwrap();
        let norm = gap.sample_dot(&gap).unwrap().sqrt().unwrap().wide();
        assert_within(&name, &norm, &[number("norm_mixed_minus_mu")], TOLERANCE);
        for length in ["1.0", "6.875", "55.0"] {
            let expected = format!("opt_{name}_p{length}");
            let length = length.parse().unwrap();
            let found = refined(bars, (before, now), (&input, &epsilon), &mixed, length);
            assert_within(&expected, &found.wide(), fixture.values(&expected), TOLERANCE);
        }
    }
}

fn mixes<F: Real>(fixture: &Fixture) {
    let tensor = |name: &str| fixture.tensor::<F>(name);
    let lanes = [tensor("xa"), tensor("xb"), tensor("xc")];
    let lanes: Vec<_> = lanes.iter().collect();
    for name in fixture.names("mix2_w") {
        let weight = name["mix2_w".len()..].parse().unwrap();
        let shares = merge::official_shares(2, weight, 1.0);
        let found = merge::spherical(&lanes[..2], &shares).unwrap();
        assert_within(&name, &found.wide(), fixture.values(&name), TOLERANCE);
    }
    for (key, expected) in fixture.config["mix3_coefficients"].as_object().unwrap() {
        let (w1, w2) = key.split_once(',').unwrap();
        let shares = merge::official_shares(3, w1.parse().unwrap(), w2.parse().unwrap());
        let number = |name: &str| expected[name].as_f64().unwrap();
        let stated = [number("interact"), number("migc"), number("ip")];
        assert_within(key, &shares, &stated, 1e-9);
        let squares = shares.iter().map(|share| share * share).sum();
        assert_within(key, &[squares], &[number("sum_sq")], 1e-9);
        let name = format!("mix3_w{w1}_{w2}");
        let found = merge::spherical(&lanes, &shares).unwrap();
        assert_within(&name, &found.wide(), fixture.values(&name), TOLERANCE);
    }
}

/// No method of the nodes: the arc on raw vectors, from the same tensor operations.
fn slerps<F: Real>(fixture: &Fixture) {
    let (xa, xb) = (fixture.tensor::<F>("xa"), fixture.tensor::<F>("xb"));
    let norm = |value: &Dense<F>| value.sample_dot(value).unwrap().sqrt().unwrap();
    let product = norm(&xa).mul(&norm(&xb)).unwrap();
    let angle = xa.sample_dot(&xb).unwrap().div(&product).unwrap().acos().unwrap();
    let arc = |share| {
        let arc = angle.affine(share, 0.0).unwrap().sin().unwrap();
        arc.div(&angle.sin().unwrap()).unwrap()
    };
    for name in fixture.names("true_slerp_ab_") {
        let share: f64 = name["true_slerp_ab_".len()..].parse().unwrap();
        let weights = [&arc(share), &arc(1.0 - share)];
        let found = Dense::sample_combination(&[&xa, &xb], &weights).unwrap();
        assert_within(&name, &found.wide(), fixture.values(&name), TOLERANCE);
    }
    let shares = merge::official_shares(2, 0.5, 1.0);
    let mixed = merge::spherical(&[&xa, &xb], &shares).unwrap();
    let norms = [norm(&mixed), norm(&xa), norm(&xb)].map(|norm| norm.wide()[0]);
    let name = "official_w0.5_norm";
    assert_within(name, &norms, fixture.values(name), TOLERANCE);
}

/// The published norm is over the whole batch.
fn batch<F: Real>(fixture: &Fixture, bars: &[f64]) {
    let tensor = |name: &str| fixture.tensor::<F>(name);
    let (input, epsilon) = (tensor("batch_prev"), tensor("batch_eps"));
    let mixed = tensor("batch_mixed");
    let found = refined(bars, (901, 851), (&input, &epsilon), &mixed, 10.0);
    let name = "batch_opt_p10_n20_i2";
    assert_within(name, &found.wide(), fixture.values(name), TOLERANCE);
}
