//! Fixture `amdm_variants_derived`: our own rules in closed form, in float64 and in float32.

use std::cell::RefCell;

use amdm::math::aggregate::merge;
use amdm::math::process::{posterior, posterior_mean};
use amdm::math::refine::{by_radius, to_shell};
use amdm::math::schedule::{alphas_cumprod, scaled_linear_betas};
use amdm::math::solver::{Form, Stepper};
use amdm::math::{
    AggregateStep, Method, NoiseLevel, Operator, Part, Phase, Prediction, PredictionKind, Solver,
    StepContext, StepState, Tensor,
};

use crate::dense::{Dense, Real};
use crate::fixture::{Fixture, assert_within, largest};
use crate::native::{Context, guided, whole};

#[test]
fn every_tensor_in_float64() {
    every_tensor::<f64>(&|_, _| 1e-9);
}

#[test]
fn every_tensor_in_float32() {
    every_tensor::<f32>(&|name, largest| {
        let wide = name.starts_with("slerp") || name.starts_with("ve_");
        largest * if wide { 4e-6 } else { 2e-6 }
    });
}

struct Case<'a> {
    fixture: Fixture,
    tolerance: &'a dyn Fn(&str, f64) -> f64,
}

impl Case<'_> {
    fn tensor<F: Real>(&self, name: &str) -> Dense<F> {
        self.fixture.tensor(name)
    }

    fn check<F: Real>(&self, name: &str, found: &Dense<F>) {
        let expected = self.fixture.values(name);
        let tolerance = (self.tolerance)(name, largest(expected));
        assert_within(name, &found.wide(), expected, tolerance);
    }
}

fn every_tensor<F: Real>(tolerance: &dyn Fn(&str, f64) -> f64) {
    let case = Case { fixture: Fixture::load("amdm_variants_derived"), tolerance };
    processes::<F>(&case);
    velocities::<F>(&case);
    two_lanes::<F>(&case);
    three_lanes::<F>(&case);
    shared_image::<F>(&case);
    refinements::<F>(&case);
    published_mixes::<F>(&case);
    case.fixture.assert_covered(&[("b_corr", "an input that no recorded result uses")]);
}

/// A context at a level where the lane sees `value` in `input`.
fn seen<F: Real>(
    (now, next): (NoiseLevel, NoiseLevel),
    kind: PredictionKind,
    (input, value): (&Dense<F>, &Dense<F>),
) -> Context<F> {
    let context = RefCell::new(StepState::new(1, 20, Vec::new()).unwrap());
    context.set_latent(0, input.share()).unwrap();
    context.begin(0, now, next);
    context.set_prediction(0, kind, whole(value.share())).unwrap();
    context
}

fn table(timestep: usize) -> NoiseLevel {
    let bars = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
    NoiseLevel::variance_preserving(timestep as f64, bars[timestep])
}

fn processes<F: Real>(case: &Case<'_>) {
    let mean = |levels: (NoiseLevel, NoiseLevel), kind, input: &Dense<F>, value: &Dense<F>| {
        let context = seen(levels, kind, (input, value));
        let denoised = context.denoised(0, Part::Guided).unwrap();
        posterior_mean(input, &denoised, levels.0, levels.1).unwrap()
    };
    let (x, eps, v) = (case.tensor("x"), case.tensor("eps"), case.tensor("v"));
    for row in case.fixture.config["rows"].as_array().unwrap() {
        let number = |name: &str| row[name].as_f64().unwrap();
        let (t, s) = (number("t"), number("s"));
        if row["rf"] == true {
            let name = format!("{t}_{s}");
            let levels = [t, s].map(|t| NoiseLevel::flow(f64::from(t as f32)));
            let levels = (levels[0], levels[1]);
            let sigma = posterior(levels.0, levels.1).sigma;
            assert_within(&name, &[sigma], &[number("sigma_post")], 1e-9);
            case.check(&format!("rf_mu_{name}"), &mean(levels, PredictionKind::Flow, &x, &v));
            let context = seen(levels, PredictionKind::Flow, (&x, &v));
            let mut euler = Stepper::new(Solver::Euler, 1.0, 1);
            let moved = euler.step(&context, 0, levels, Form::Denoised, None).unwrap();
            case.check(&format!("rf_euler_{name}"), &moved);
            continue;
        }
        let name = format!("{t}_{s}");
        let levels = (table(t as usize), table(s as usize));
        let sigma = posterior(levels.0, levels.1).sigma;
        assert_within(&name, &[sigma], &[number("sigma_post")], 1e-9);
        case.check(&format!("vp_mu_{name}"), &mean(levels, PredictionKind::Epsilon, &x, &eps));
        let exploding = |level: NoiseLevel| {
            let noise = level.noise / level.signal;
            NoiseLevel { signal: 1.0, noise, ..level }
        };
        let spread = (exploding(levels.0), exploding(levels.1));
        let stated = [number("sigma_ve_t"), number("sigma_ve_s")];
        assert_within(&name, &[spread.0.noise, spread.1.noise], &stated, 1e-9);
        let input = x.affine(spread.0.scale(), 0.0).unwrap();
        case.check(&format!("ve_x_{t}"), &input);
        let mu = mean(spread, PredictionKind::Epsilon, &input, &eps);
        case.check(&format!("ve_mu_{name}"), &mu);
    }
}

fn velocities<F: Real>(case: &Case<'_>) {
    let (x, v) = (case.tensor::<F>("x"), case.tensor::<F>("v"));
    for timestep in [501, 901] {
        let levels = (table(timestep), table(timestep - 1));
        let context = seen(levels, PredictionKind::Velocity, (&x, &v));
        let (denoised, epsilon) =
            (context.denoised(0, Part::Guided), context.epsilon(0, Part::Guided));
        case.check(&format!("vpred_x0_{timestep}"), &denoised.unwrap());
        case.check(&format!("vpred_eps_{timestep}"), &epsilon.unwrap());
    }
}

/// What the operator leaves in the lanes, one and the same.
fn merged<F: Real>(
    method: Method,
    weight: f64,
    lanes: &[(Dense<F>, f64)],
    means: Option<&[Dense<F>]>,
    target: u32,
) -> Dense<F> {
    let count = lanes.len() as u32;
    let context = RefCell::new(StepState::new(count, 20, Vec::new()).unwrap());
    context.set_target(target);
    context.set_stochastic(means.is_some());
    let mut operator = AggregateStep { method, weight, ..Default::default() };
    for (lane, (latent, weight)) in (0..).zip(lanes) {
        context.set_latent(lane, latent.share()).unwrap();
        context.set_weight(lane, *weight);
    }
    operator.check(&context).unwrap();
    context.begin(1, table(901), table(801));
    for (lane, (latent, _)) in (0..).zip(lanes) {
        context.set_prediction(lane, PredictionKind::Epsilon, whole(latent.share())).unwrap();
        if let Some(means) = means {
            context.set_mean(lane, means[lane as usize].share()).unwrap();
        }
    }
    operator.apply(Phase::Stepped, &context).unwrap();
    let found = context.latent(0).unwrap();
    assert!((1..count).all(|lane| context.latent(lane).unwrap() == found));
    found
}

fn two_lanes<F: Real>(case: &Case<'_>) {
    let a = (case.tensor::<F>("lane_a"), 1.0);
    // The only other lane has the whole share, whatever its weight.
    let b = (case.tensor::<F>("lane_b"), 0.6);
    for row in case.fixture.config["aggregation"]["rows"].as_array().unwrap() {
        let number = |name: &str| row[name].as_f64().unwrap();
        let weight = number("weight");
        let shares = merge::shares(weight, &[1.0, 0.6], 0);
        assert_within("shares", &shares, &[number("c_target"), number("c_source")], 1e-12);
        for (method, name) in [
            (Method::Slerp, "slerp"),
            (Method::Normalized, "normalized"),
            (Method::Spherical, "spherical"),
        ] {
            let name = format!("{name}_w{weight}");
            let found = merged(method, weight, &[a.clone(), b.clone()], None, 0);
            case.check(&name, &found);
            let swapped = merged(method, weight, &[b.clone(), (a.0.share(), 1.0)], None, 1);
            case.check(&name, &swapped);
        }
        let norms = merged(Method::Slerp, weight, &[a.clone(), b.clone()], None, 0);
        let norms = norms.sample_dot(&norms).unwrap().sqrt().unwrap().wide();
        let stated = row["norms"].as_array().unwrap().iter().map(|norm| norm.as_f64().unwrap());
        let stated: Vec<f64> = stated.collect();
        assert_within("norms", &norms, &stated, (case.tolerance)("slerp", largest(&stated)));
    }
    let means = [case.tensor::<F>("mean_a"), case.tensor::<F>("mean_b")];
    let found = merged(Method::MeanNoise, 0.866, &[a, b], Some(&means), 0);
    case.check("mean_noise_w0.866", &found);
}

fn three_lanes<F: Real>(case: &Case<'_>) {
    let stated = &case.fixture.config["aggregation"]["three_lanes"];
    let numbers = |name: &str| -> Vec<f64> {
        stated[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let weight = stated["weight"].as_f64().unwrap();
    let weights = numbers("lane_weights");
    assert_within("shares", &merge::shares(weight, &weights, 0), &numbers("c"), 1e-12);
    let names = ["lane_a", "lane_b", "lane_c"];
    let lanes: Vec<_> =
        names.iter().zip(weights).map(|(name, weight)| (case.tensor::<F>(name), weight)).collect();
    for (method, name) in [
        (Method::Slerp, "normalized3"),
        (Method::Normalized, "normalized3"),
        (Method::Spherical, "spherical3"),
        (Method::Linear, "linear3"),
    ] {
        case.check(name, &merged(method, weight, &lanes, None, 0));
    }
}

/// The lanes' joined prediction, as each of them sees it, from guidance 4 and 6.
fn shared_image<F: Real>(case: &Case<'_>) {
    for (method, name) in
        [(Method::Compose, "compose_g4_g6"), (Method::EpsAverage, "eps_average_g4_g6")]
    {
        let context = RefCell::new(StepState::new(2, 20, Vec::new()).unwrap());
        let mut operator = AggregateStep { method, ..Default::default() };
        for (lane, latent) in [(0, "lane_a"), (1, "lane_b")] {
            context.set_latent(lane, case.tensor::<F>(latent)).unwrap();
        }
        context.begin(0, table(901), table(801));
        operator.apply(Phase::Prepare, &context).unwrap();
        assert_eq!(context.input(1).unwrap(), context.input(0).unwrap());
        for (lane, letter, guidance) in [(0, "a", 4.0), (1, "b", 6.0)] {
            context.set_guidance(lane, guidance);
            let conditional = case.tensor::<F>(&format!("cond_{letter}"));
            let unconditional = case.tensor::<F>(&format!("uncond_{letter}"));
            let prediction: Prediction<_> = guided(conditional, unconditional, guidance, true);
            context.set_prediction(lane, PredictionKind::Epsilon, prediction).unwrap();
        }
        operator.apply(Phase::Predicted, &context).unwrap();
        for lane in 0..2 {
            case.check(name, &context.epsilon(lane, Part::Guided).unwrap());
        }
    }
}

fn refinements<F: Real>(case: &Case<'_>) {
    let (x, mu) = (case.tensor::<F>("slerp_w0.866"), case.tensor::<F>("refine_mu"));
    let root = 256.0_f64.sqrt();
    for name in case.fixture.names("refine_radius_p") {
        let radius: f64 = name["refine_radius_p".len()..].parse().unwrap();
        case.check(&name, &by_radius(&x, &mu, radius * root, true).unwrap());
    }
    for name in case.fixture.names("refine_shell_c") {
        let (shell, sigma) = name["refine_shell_c".len()..].split_once("_sigma").unwrap();
        let (shell, sigma): (f64, f64) = (shell.parse().unwrap(), sigma.parse().unwrap());
        let found = to_shell(&x, &mu, shell * sigma * root).unwrap();
        case.check(&name, &found);
        if sigma == 5.0 {
            assert_eq!(found, x, "inside the shell nothing moves");
        }
    }
}

fn published_mixes<F: Real>(case: &Case<'_>) {
    let lanes = [case.tensor::<F>("x"), case.tensor::<F>("y"), case.tensor::<F>("eps")];
    let (w1, w2): (f64, f64) = (0.47, 0.5);
    let latents: Vec<_> = lanes.iter().map(|lane| (lane.share(), 1.0)).collect();
    let weighted = latents.iter().zip([1.0, w2, 1.0]);
    let weighted: Vec<_> = weighted.map(|((lane, _), weight)| (lane.share(), weight)).collect();
    case.check("mix3_official", &merged(Method::Official, w1, &weighted, None, 2));
    // What the published coefficients should have been: on the sphere.
    let rest = |weight: f64| (1.0 - weight * weight).sqrt();
    let shares = [w2 * w1, w2 * rest(w1), rest(w2)];
    let latents: Vec<_> = lanes.iter().collect();
    case.check("mix3_sequential", &merge::spherical(&latents, &shares).unwrap());
}
