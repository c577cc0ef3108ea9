//! What operators and the sampler refuse, with the message a person reads, before any pass.

use std::cell::RefCell;

use amdm::error::Error;
use amdm::math::schedule::{Schedule, Spacing};
use amdm::math::{
    AggregateStep, ManifoldRefine, Mean, Method, Mode, Operator, PredictionKind, Settings, Solver,
    Start, StepContext, StepState, sample,
};

use crate::dense::Dense;
use crate::native::{Context, Native, Normal, Request, plain};

fn context(weights: &[f64], bars: &[f64]) -> Context<f64> {
    let lanes = weights.len() as u32;
    let context = RefCell::new(StepState::new(lanes, 10, bars.to_vec()).unwrap());
    for (lane, weight) in (0..).zip(weights) {
        context.set_weight(lane, *weight);
    }
    context.set_wanted(0, true);
    context
}

fn aggregate(method: Method, context: &Context<f64>) -> Result<(), Error> {
    AggregateStep { method, ..Default::default() }.check(context)
}

#[track_caller]
fn refused(result: Result<(), Error>, input: Option<&str>, message: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.input.as_deref(), error.message.as_str()), (input, message));
    assert_eq!(error.code, amdm::error::Code::InvalidInput);
}

#[test]
fn fewer_than_two_lanes() {
    let message = "found 1 lane in the sampler, expected at least 2 to aggregate";
    refused(aggregate(Method::Slerp, &context(&[1.0], &[])), None, message);
}

#[test]
fn no_other_lane_has_weight() {
    let message = "all lanes but the target 0 have weight 0, expected one above";
    refused(aggregate(Method::Slerp, &context(&[1.0, 0.0, 0.0], &[])), None, message);
    aggregate(Method::Slerp, &context(&[0.0, 0.0, 0.1], &[])).unwrap();
}

#[test]
fn weight_outside_zero_to_one() {
    let mut operator = AggregateStep { weight: 1.5, ..Default::default() };
    refused(operator.check(&context(&[1.0; 2], &[])), Some("weight"), "1.5, expected 0 to 1");
}

#[test]
fn mean_noise_without_noise() {
    let context = context(&[1.0; 2], &[]);
    let message = "mean-noise with a deterministic solver, expected one that adds noise";
    refused(aggregate(Method::MeanNoise, &context), Some("method"), message);
    context.set_stochastic(true);
    aggregate(Method::MeanNoise, &context).unwrap();
}

#[test]
fn handoff_to_several_or_from_nowhere() {
    let context = context(&[1.0; 3], &[]);
    aggregate(Method::Handoff, &context).unwrap();
    let mut operator = AggregateStep { method: Method::Handoff, source: 3, ..Default::default() };
    refused(operator.check(&context), Some("source"), "lane 3, expected one below 3");
    context.set_wanted(2, true);
    let message = "the result of lane 2 with handoff, expected that of the target 0 alone";
    refused(aggregate(Method::Handoff, &context), Some("method"), message);
}

#[test]
fn official_with_other_lanes() {
    let message = "4 lanes with official, expected 2 or 3";
    refused(aggregate(Method::Official, &context(&[1.0; 4], &[])), Some("method"), message);
    let message = "weight 1.2 of lane 1 with official, expected 0 to 1";
    let heavy = context(&[1.0, 1.2, 1.0], &[]);
    refused(aggregate(Method::Official, &heavy), Some("method"), message);
    aggregate(Method::Official, &context(&[1.0, 0.5, 1.0], &[])).unwrap();
}

#[test]
fn official_mean_has_no_shell_and_needs_a_table() {
    let refine = |mode, mean| ManifoldRefine::<Dense<f64>>::new(mode, mean, 0.1, 1.0, true);
    let shell = refine(Mode::Shell, Mean::Official).check(&context(&[1.0; 2], &[0.9]));
    let message = "official with mode shell, expected posterior, which has a deviation";
    refused(shell, Some("mean"), message);
    let flow = refine(Mode::Radius, Mean::Official).check(&context(&[1.0; 2], &[]));
    let message = "official with a flow model, expected cumulative alphas or posterior";
    refused(flow, Some("mean"), message);
    refine(Mode::Shell, Mean::Posterior).check(&context(&[1.0; 2], &[])).unwrap();
}

#[test]
fn refine_takes_the_window_before_it() {
    let refine = |mean| ManifoldRefine::<Dense<f64>>::new(Mode::Radius, mean, 0.1, 1.0, true);
    let window =
        |mean, before: &[(u32, u32)]| Operator::<Context<f64>>::window(&refine(mean), 20, before);
    assert_eq!(window(Mean::Posterior, &[(0, 5), (3, 8)]), (3, 8));
    assert_eq!(window(Mean::Official, &[(3, 8)]), (2, 8));
    assert_eq!(window(Mean::Official, &[(0, 8)]), (0, 8));
    assert_eq!(window(Mean::Official, &[(0, 0)]), (0, 0));
    assert_eq!(window(Mean::Posterior, &[]), (0, 0));
}

#[test]
fn settings_of_the_sampler() {
    let schedule = Schedule::new(vec![0.9, 0.5], &[1.0, 0.0], 1.0).unwrap();
    let settings = Settings {
        solver: Solver::Ddim,
        eta: 1.0,
        denoise: 1.0,
        start: Start::Noise,
        target: 0,
        wanted: vec![true],
    };
    let run = |lanes: usize, settings: &Settings| {
        let network = Box::new(|_: &Request<'_, f64>, _| panic!("no pass"));
        let noise = Box::new(|_, _: &[u32]| panic!("no noise"));
        let mut backend = Native::<f64>::new(network, noise, Vec::new());
        let lanes = vec![plain(PredictionKind::Epsilon); lanes];
        let start = Normal::new(0).tensor(&[1, 2]);
        sample(&mut backend, &lanes, &schedule, settings, &[start]).map(|_| ())
    };
    refused(run(0, &settings), Some("lanes"), "no lanes, expected at least one");
    let target = Settings { target: 2, ..settings.clone() };
    refused(run(1, &target), Some("target"), "lane 2, expected one below 1");
    refused(run(2, &settings), None, "1 wanted flags, expected 2");
    let eta = Settings { eta: 1.1, ..settings.clone() };
    refused(run(1, &eta), Some("eta"), "1.1, expected 0 to 1");
    let denoise = Settings { denoise: f64::NAN, ..settings };
    refused(run(1, &denoise), Some("denoise"), "NaN, expected 0 to 1");
}

#[test]
fn spacings_that_leave_the_table() {
    let timesteps = |spacing: Spacing, solver, steps, training| {
        spacing.timesteps(solver, steps, training, |_| Ok(vec![1.0, 0.0])).map(|_| ())
    };
    refused(
        timesteps(Spacing::Leading, Solver::Ddim, 1000, 1000),
        Some("steps"),
        "found 1000 steps, expected fewer: timestep 1000, expected 0 to 999",
    );
    let none = timesteps(Spacing::Native, Solver::Ddim, 0, 1000);
    refused(none, Some("steps"), "0 steps, expected at least 1");
    let flow = timesteps(Spacing::Trailing, Solver::Ddim, 10, 0).unwrap_err();
    assert_eq!(flow.code, amdm::error::Code::Unsupported);
    timesteps(Spacing::Native, Solver::Ddim, 10, 0).unwrap();
    let rising = Schedule::new(vec![0.9; 3], &[1.0, 2.0], 1.0).map(|_| ());
    refused(rising, None, "timestep 2 after 1, expected falling ones");
}
