//! Fixture `amdm_official_loop_analytic`: the published loop through the sampler and the operators.

use amdm::math::schedule::{Schedule, Spacing, alphas_cumprod, scaled_linear_betas};
use amdm::math::{
    AggregateStep, LaneSpec, ManifoldRefine, Mean, Method, Mode, PredictionKind, Settings, Solver,
    Start, Tensor, sample,
};
use serde_json::Value;

use crate::dense::{Dense, Real};
use crate::fixture::{Fixture, assert_within};
use crate::native::{Native, Operators, Request, guided, plain, recorded};

/// As the fixture states it, relative to the norm of the step.
const TOLERANCE: f64 = 1e-4;
const MODELS: [&str; 3] = ["interact", "migc", "ip"];

#[test]
fn every_run_in_float32() {
    every_run::<f32>();
}

#[test]
fn every_run_in_float64() {
    every_run::<f64>();
}

fn every_run<F: Real>() {
    let fixture = Fixture::load("amdm_official_loop_analytic");
    for (name, run) in fixture.config["runs"].as_object().unwrap() {
        one_run::<F>(&fixture, name, run);
    }
    fixture.assert_covered(&[]);
}

fn operators<F: Real>(run: &Value, lanes: usize) -> Operators<F> {
    if !run["is_mixed"].as_bool().unwrap() {
        return Vec::new();
    }
    let number = |name: &str| run[name].as_f64().unwrap();
    let weight = if lanes == 2 { number("omega") } else { number("omega1") };
    let (start, end) = (number("optim_start"), number("optim_end") + 1.0);
    let aggregate =
        AggregateStep { method: Method::Official, weight, start, end, ..Default::default() };
    // A radius of one: the lanes' `refine` are then the published lengths.
    let refine = ManifoldRefine::new(Mode::Radius, Mean::Official, 1.0 / 16.0, 1.0, true);
    vec![Box::new(aggregate), Box::new(refine)]
}

fn lanes(run: &Value, count: usize) -> Vec<LaneSpec> {
    let lane = |index: usize| LaneSpec {
        guidance: run["guidance"].as_f64().unwrap(),
        weight: if count == 3 && index == 1 { run["omega2"].as_f64().unwrap() } else { 1.0 },
        refine: run[format!("{}_p", MODELS[index])].as_f64().unwrap(),
        ..plain(PredictionKind::Epsilon)
    };
    (0..count).map(lane).collect()
}

fn one_run<F: Real>(fixture: &Fixture, name: &str, run: &Value) {
    let count = if run["kind"] == "3-model" { 3 } else { 2 };
    let steps = run["n"].as_u64().unwrap() as u32;
    let bars = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
    let tensors = |prefix: &str| {
        (0..count).map(|lane| fixture.tensor::<F>(&format!("{prefix}{lane}"))).collect::<Vec<_>>()
    };
    let (starts, means, offsets) = (tensors("init"), tensors("m"), tensors("c"));
    let network = |request: &Request<'_, F>, parts: bool| {
        let (lane, at) = (request.lane as usize, request.level.timestep);
        let bar = bars[at as usize];
        let noise = (1.0 - bar).sqrt();
        let (conditional, unconditional) = if name.starts_with("lin") {
            let free = request.latent.affine(0.1, 0.01 * at / 1000.0).unwrap();
            (free.add(&offsets[lane]).unwrap(), free)
        } else {
            let factor = noise / (bar * 0.25 + 1.0 - bar);
            let terms = [(request.latent, factor), (&means[lane], -factor * bar.sqrt())];
            let free = request.latent.affine(noise, 0.0).unwrap();
            (Dense::linear_combination(&terms).unwrap(), free)
        };
        guided(conditional, unconditional, request.guidance, parts)
    };
    let noise = recorded(starts.iter().map(|start| vec![start.share()]).collect());
    let mut backend = Native::new(Box::new(network), noise, operators(run, count));
    let spacing = Spacing::Leading;
    let timesteps = spacing.timesteps(Solver::Ddim, steps, 1000, |_| Ok(Vec::new())).unwrap();
    let recorded_timesteps = format!("timesteps_{steps}");
    if fixture.has(&recorded_timesteps) {
        assert_eq!(timesteps, fixture.values(&recorded_timesteps));
    }
    let schedule = Schedule::new(bars.clone(), &timesteps, bars[0]).unwrap();
    let (solver, wanted) = (Solver::Ddim, vec![true; count]);
    let settings =
        Settings { solver, eta: 0.0, denoise: 1.0, start: Start::Noise, target: 0, wanted };
    let lanes = lanes(run, count);
    let outcome = sample(&mut backend, &lanes, &schedule, &settings, &starts[..1]).unwrap();
    assert_eq!(outcome.passes, count as u32 * steps);
    for (step, latents) in backend.latents.iter().enumerate() {
        for (model, latent) in MODELS.iter().zip(latents) {
            let record = format!("{name}/{model}");
            let expected = fixture.slice::<f64>(&record, step).wide();
            let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
            let gaps = latent.wide().into_iter().zip(&expected);
            let gap = gaps.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            assert_within(&format!("{record} step {step}"), &[gap / norm], &[0.0], TOLERANCE);
        }
    }
}
