//! The rules of the step context, as `wit/sampling.wit` states them.

use std::cell::RefCell;

use amdm::math::{
    NoiseLevel, OperatorScope, Part, Prediction, PredictionKind, StepContext, StepState,
};

use crate::dense::Dense;
use crate::fixture::{assert_within, difference};
use crate::native::{Context, Normal, whole};

const SHAPE: [u32; 3] = [2, 3, 4];

fn level(bar: f64) -> NoiseLevel {
    NoiseLevel::variance_preserving(500.0, bar)
}

fn context(lanes: u32) -> Context<f64> {
    let context = RefCell::new(StepState::new(lanes, 4, Vec::new()).unwrap());
    for lane in 0..lanes {
        context.set_latent(lane, Normal::new(u64::from(lane)).tensor(&SHAPE)).unwrap();
    }
    context
}

fn draw(seed: u64) -> Dense<f64> {
    Normal::new(seed).tensor(&SHAPE)
}

#[test]
fn begin_forgets_the_step_and_keeps_the_run() {
    let context = context(2);
    context.set_target(1);
    context.set_weight(0, 0.5);
    context.set_guidance(1, 7.0);
    context.set_refine(1, 2.0);
    context.set_wanted(1, true);
    context.set_stochastic(true);
    context.begin(0, level(0.2), level(0.4));
    context.enter_operator();
    context.set_input(0, draw(7)).unwrap();
    context.leave_operator();
    context.set_active(1, false);
    context.set_prediction(0, PredictionKind::Epsilon, whole(draw(8))).unwrap();
    context.set_mean(0, draw(9)).unwrap();
    context.set_slot("angle", draw(10));
    context.set_latent(0, draw(11)).unwrap();
    assert!(context.rewritten(0) && !context.active(1) && context.has_prediction(0));

    context.begin(1, level(0.4), level(0.6));
    assert_eq!(context.input(0).unwrap(), draw(11), "the input is the lane's latent");
    assert!(!context.rewritten(0) && context.active(1) && !context.has_prediction(0));
    assert!(context.mean(0).is_none() && context.slot("angle").is_none());
    assert_eq!((context.index(), context.steps(), context.lanes()), (1, 4, 2));
    assert_eq!((context.now(), context.next()), (level(0.4), level(0.6)));
    assert_eq!((context.target(), context.weight(0), context.guidance(1)), (1, 0.5, 7.0));
    assert!(context.refine(1) == 2.0 && context.wanted(1) && context.stochastic());
}

#[test]
fn a_new_latent_leaves_the_input() {
    let context = context(1);
    let before = context.latent(0).unwrap();
    context.begin(0, level(0.2), level(0.4));
    context.set_latent(0, draw(5)).unwrap();
    assert_eq!(context.input(0).unwrap(), before);
    assert_eq!(context.latent(0).unwrap(), draw(5));
}

#[test]
fn only_operators_rewrite() {
    let context = context(2);
    context.begin(0, level(0.2), level(0.4));
    context.set_input(0, draw(1)).unwrap();
    context.set_latent(0, draw(2)).unwrap();
    assert!(!context.rewritten(0));
    context.enter_operator();
    context.enter_operator();
    context.leave_operator();
    context.set_latent(1, draw(3)).unwrap();
    context.set_epsilon(0, draw(4)).unwrap();
    context.leave_operator();
    assert!(context.rewritten(1), "an outer operator still acts after an inner one");
    assert!(!context.rewritten(0), "a prediction is no latent");
    context.set_latent(0, draw(2)).unwrap();
    assert!(!context.rewritten(0));
}

#[test]
fn kinds_agree_with_each_other() {
    for bar in [0.01, 0.5, 0.97] {
        let now = level(bar);
        let (clean, noise) = (draw(1).wide(), draw(2).wide());
        let mix = |a: f64, b: f64| {
            let pairs = clean.iter().zip(&noise);
            let values: Vec<f64> = pairs.map(|(x0, eps)| a * x0 + b * eps).collect();
            Dense::from_wide(&SHAPE, &values)
        };
        let input = mix(now.signal, now.noise);
        for (kind, value) in [
            (PredictionKind::Epsilon, mix(0.0, 1.0)),
            (PredictionKind::Sample, mix(1.0, 0.0)),
            (PredictionKind::Velocity, mix(-now.noise, now.signal)),
            (PredictionKind::Flow, mix(-1.0, 1.0)),
        ] {
            let context = context(1);
            context.set_latent(0, input.clone()).unwrap();
            context.begin(0, now, level(0.99));
            let parts = Prediction {
                guided: value.clone(),
                conditional: Some(value.clone()),
                unconditional: Some(value.clone()),
            };
            context.set_prediction(0, kind, parts).unwrap();
            for part in [Part::Guided, Part::Conditional, Part::Unconditional] {
                let found = context.epsilon(0, part).unwrap();
                assert_within(
                    &format!("{kind:?} {bar}"),
                    &found.wide(),
                    &noise,
                    1e-12 / now.signal,
                );
                let found = context.denoised(0, part).unwrap();
                assert_within(
                    &format!("{kind:?} {bar}"),
                    &found.wide(),
                    &clean,
                    1e-12 / now.signal,
                );
                assert_eq!(context.denoised(0, part).unwrap(), found, "converted once");
            }
        }
    }
}

#[test]
fn without_signal_the_clean_latent_serves() {
    let context = context(1);
    context.begin(0, level(0.0), level(0.4));
    let error = context.set_epsilon(0, draw(1)).unwrap_err();
    assert_eq!(error.message, "an epsilon where the signal is 0, expected the clean latent");
    assert!(!context.has_prediction(0));
    context.set_denoised(0, draw(1)).unwrap();
    assert_eq!(context.denoised(0, Part::Guided).unwrap(), draw(1));
    assert_eq!(context.epsilon(0, Part::Guided).unwrap(), context.input(0).unwrap());
    context.set_prediction(0, PredictionKind::Velocity, whole(draw(2))).unwrap();
    let denoised = context.denoised(0, Part::Guided).unwrap().wide();
    let negated: Vec<f64> = draw(2).wide().iter().map(|value| -value).collect();
    assert!(difference(&denoised, &negated) == 0.0);
    context.set_prediction(0, PredictionKind::Epsilon, whole(draw(2))).unwrap();
    let error = context.denoised(0, Part::Guided).unwrap_err();
    assert!(error.message.starts_with("no clean latent follows"), "{error}");
}

#[test]
fn a_replaced_prediction_converts_from_what_was_set() {
    let context = context(1);
    let now = level(0.3);
    context.begin(0, now, level(0.4));
    context.set_prediction(0, PredictionKind::Epsilon, whole(draw(1))).unwrap();
    let first = context.denoised(0, Part::Guided).unwrap();
    context.set_denoised(0, draw(2)).unwrap();
    assert_eq!(context.denoised(0, Part::Guided).unwrap(), draw(2));
    let epsilon = context.epsilon(0, Part::Guided).unwrap();
    assert!(difference(&epsilon.wide(), &draw(1).wide()) > 0.1);
    context.set_epsilon(0, draw(1)).unwrap();
    let again = context.denoised(0, Part::Guided).unwrap();
    assert_within("back", &again.wide(), &first.wide(), 1e-12);
}

#[test]
fn a_mean_needs_a_stochastic_solver() {
    let context = context(1);
    context.begin(0, level(0.2), level(0.4));
    assert!(context.set_mean(0, draw(1)).unwrap_err().message.contains("deterministic"));
    assert!(context.mean(0).is_none());
    context.set_stochastic(true);
    context.set_mean(0, draw(1)).unwrap();
    assert_eq!(context.mean(0), Some(draw(1)));
}

#[test]
fn what_is_not_there_is_an_error() {
    let error = StepState::<Dense<f64>>::new(0, 1, Vec::new()).unwrap_err();
    assert_eq!(error.message, "0 lanes, expected 1 to 64");
    assert!(StepState::<Dense<f64>>::new(65, 1, Vec::new()).is_err());
    let empty: Context<f64> = RefCell::new(StepState::new(1, 1, Vec::new()).unwrap());
    assert_eq!(empty.latent(0).unwrap_err().message, "lane 0 has no latent yet");
    let context = context(1);
    assert_eq!(context.input(0).unwrap_err().message, "lane 0 has no input latent in this step");
    context.begin(0, level(0.2), level(0.4));
    let error = context.epsilon(0, Part::Guided).unwrap_err();
    assert_eq!(error.message, "lane 0 has no prediction in this step");
    context.set_prediction(0, PredictionKind::Epsilon, whole(draw(1))).unwrap();
    let error = context.denoised(0, Part::Unconditional).unwrap_err();
    assert_eq!(error.message, "lane 0 has no unconditional prediction in this step");
    let error = context.epsilon(0, Part::Conditional).unwrap_err();
    assert_eq!(error.message, "lane 0 has no conditional prediction in this step");
    let error = context.set_input(0, draw(2)).unwrap_err();
    assert!(error.message.starts_with("lane 0 has a prediction already"), "{error}");
}

#[test]
fn lanes_out_of_range() {
    let context = context(2);
    context.begin(0, level(0.2), level(0.4));
    let errors = [
        context.input(2).unwrap_err(),
        context.set_input(2, draw(1)).unwrap_err(),
        context.latent(2).unwrap_err(),
        context.set_latent(2, draw(1)).unwrap_err(),
        context.epsilon(2, Part::Guided).unwrap_err(),
        context.denoised(2, Part::Guided).unwrap_err(),
        context.set_epsilon(2, draw(1)).unwrap_err(),
        context.set_denoised(2, draw(1)).unwrap_err(),
        context.set_prediction(2, PredictionKind::Flow, whole(draw(1))).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.message, "lane 2 is not there, expected one below 2");
    }
    context.set_target(2);
    context.set_weight(2, 3.0);
    context.set_active(2, true);
    assert_eq!((context.target(), context.weight(2), context.guidance(2)), (0, 0.0, 0.0));
    assert!(!context.active(2) && !context.wanted(2) && !context.rewritten(2));
    assert!(!context.has_prediction(2) && context.mean(2).is_none());
}

#[test]
fn slots_and_traces() {
    let context = context(1);
    context.begin(3, level(0.2), level(0.4));
    context.set_slot("norm", draw(1));
    context.set_slot("norm", draw(2));
    assert_eq!(context.slot("norm"), Some(draw(2)));
    context.trace("angle", Some(0), 1.5);
    context.begin(4, level(0.2), level(0.4));
    let state = context.borrow();
    let [trace] = state.traces() else { panic!("one trace") };
    assert_eq!((trace.step, trace.name.as_str(), trace.value), (3, "angle", 1.5));
}

#[test]
fn it_can_go_to_another_thread() {
    fn sendable<T: Send>() {}
    sendable::<StepState<Dense<f32>>>();
}
