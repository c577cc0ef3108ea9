//! Where formulas would divide by zero, overshoot or read the wrong thing.

use std::cell::RefCell;
use std::rc::Rc;

use amdm::error::Error;
use amdm::math::aggregate::merge;
use amdm::math::refine::{by_radius, to_shell};
use amdm::math::schedule::Schedule;
use amdm::math::{
    ManifoldRefine, Mean, Mode, NoiseLevel, Operator, Part, Phase, PredictionKind, Settings,
    Solver, Start, StepContext, StepState, Tensor, sample,
};

use crate::dense::Dense;
use crate::fixture::assert_within;
use crate::native::{Context, Native, Normal, Operators, Request, plain, whole};

fn dense(values: &[f32]) -> Dense<f32> {
    Dense::new(&[values.len() as u32 / 2, 2], values.to_vec())
}

#[test]
fn slerp_of_parallel_opposite_and_zero_latents() {
    let a = dense(&[3.0, 4.0, 3.0, 4.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    let b = dense(&[6.0, 8.0, -6.0, -8.0, 0.0, 0.0, 3.0, 4.0, 0.0, 0.0]);
    for (shares, opposite) in [((0.6, 0.8), [-6.0, -8.0]), ((0.8, 0.6), [3.0, 4.0])] {
        let found = merge::slerp(&a, &b, shares).unwrap().wide();
        let tau = 2.0 / std::f64::consts::PI * f64::atan2(shares.1, shares.0);
        let line = [3.0 * (1.0 + tau), 4.0 * (1.0 + tau)];
        assert_within("parallel", &found[..2], &line, 1e-5);
        assert_within("opposite", &found[2..4], &opposite, 1e-5);
        assert!(found.iter().all(|value| value.is_finite()), "{found:?}");
        assert_eq!(found[8..], [0.0, 0.0]);
    }
}

#[test]
fn normalized_sum_of_nothing_is_nothing() {
    let a = dense(&[1.0, -2.0, 0.0, 0.0]);
    let b = a.affine(-1.0, 0.0).unwrap();
    let share = 0.5_f64.sqrt();
    let found = merge::normalized(&[&a, &b], &[share, share]).unwrap();
    assert_eq!(found.wide(), [0.0; 4]);
}

#[test]
fn a_latent_on_the_mean_stays() {
    let x = dense(&[1.0, -2.0, 0.5, 0.25]);
    for clamp in [true, false] {
        assert_eq!(by_radius(&x, &x, 3.0, clamp).unwrap(), x);
    }
    assert_eq!(to_shell(&x, &x, 0.0).unwrap(), x);
    assert_eq!(to_shell(&x, &x, 1.0).unwrap(), x);
}

#[test]
fn a_radius_overshoots_only_unclamped() {
    let (x, mean) = (dense(&[3.0, 4.0]), dense(&[0.0, 0.0]));
    assert_eq!(by_radius(&x, &mean, 10.0, true).unwrap().wide(), [0.0, 0.0]);
    assert_within("past", &by_radius(&x, &mean, 10.0, false).unwrap().wide(), &[-3.0, -4.0], 1e-6);
    assert_within("shell", &to_shell(&x, &mean, 2.5).unwrap().wide(), &[1.5, 2.0], 1e-6);
}

/// One lane whose latent was merged to `latent` in a step that saw `clean` in `input`.
fn refined(
    mut refine: ManifoldRefine<Dense<f64>>,
    (now, next): (NoiseLevel, NoiseLevel),
    factor: f64,
) -> (Dense<f64>, Dense<f64>, Dense<f64>) {
    let shape = [2, 50];
    let context: Context<f64> = RefCell::new(StepState::new(1, 9, Vec::new()).unwrap());
    context.set_refine(0, factor);
    context.set_latent(0, Normal::new(1).tensor(&shape)).unwrap();
    context.begin(1, now, next);
    let clean = whole(Normal::new(2).tensor(&shape));
    context.set_prediction(0, PredictionKind::Sample, clean).unwrap();
    let merged: Dense<f64> = Normal::new(3).tensor(&shape);
    context.set_latent(0, merged.clone()).unwrap();
    refine.check(&context).unwrap();
    refine.apply(Phase::Stepped, &context).unwrap();
    let (input, denoised) = (context.input(0), context.denoised(0, Part::Guided));
    let mean = amdm::math::process::posterior_mean(&input.unwrap(), &denoised.unwrap(), now, next);
    (merged, context.latent(0).unwrap(), mean.unwrap())
}

fn norms(of: &Dense<f64>) -> Vec<f64> {
    of.sample_dot(of).unwrap().sqrt().unwrap().wide()
}

#[test]
fn a_radius_is_relative_to_the_process_and_the_lane() {
    let half = NoiseLevel::flow(0.5);
    let spread = NoiseLevel { timestep: 1.0, signal: 1.0, noise: 3.0 };
    let exploding = NoiseLevel { timestep: 2.0, signal: 1.0, noise: 5.0 };
    for (levels, scale) in [
        ((NoiseLevel::flow(0.6), half), 0.5_f64.sqrt()),
        ((exploding, spread), 10.0_f64.sqrt()),
        (
            (NoiseLevel::variance_preserving(2.0, 0.3), NoiseLevel::variance_preserving(1.0, 0.5)),
            1.0,
        ),
    ] {
        let refine = ManifoldRefine::new(Mode::Radius, Mean::Posterior, 0.01, 1.0, true);
        let (before, after, _) = refined(refine, levels, 3.0);
        let length = 0.01 * 50.0_f64.sqrt() * 3.0 * scale;
        assert_within("length", &norms(&before.sub(&after).unwrap()), &[length; 2], 1e-12);
    }
}

#[test]
fn a_shell_lies_at_the_deviation_and_is_absent_at_the_end() {
    let now = NoiseLevel::variance_preserving(2.0, 0.3);
    let next = NoiseLevel::variance_preserving(1.0, 0.5);
    let shell = || ManifoldRefine::new(Mode::Shell, Mean::Posterior, 0.0, 0.5, true);
    let (_, after, mean) = refined(shell(), (now, next), 1.0);
    let sigma = amdm::math::process::posterior(now, next).sigma;
    let radius = 0.5 * sigma * 50.0_f64.sqrt();
    assert_within("shell", &norms(&after.sub(&mean).unwrap()), &[radius; 2], 1e-12);
    let clean = NoiseLevel::variance_preserving(0.0, 1.0);
    let (before, after, _) = refined(shell(), (now, clean), 1.0);
    assert_eq!(before, after);
}

/// Does `act` in every phase of every step.
struct Probe<A>(A);

impl<A: FnMut(Phase, &Context<f64>) -> Result<(), Error>> Operator<Context<f64>> for Probe<A> {
    fn window(&self, steps: u32, _: &[(u32, u32)]) -> (u32, u32) {
        (0, steps)
    }
    fn wants_parts(&self) -> bool {
        false
    }
    fn check(&mut self, _: &Context<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn apply(&mut self, phase: Phase, context: &Context<f64>) -> Result<(), Error> {
        (self.0)(phase, context)
    }
}

fn run(solver: Solver, clip: Option<f64>, operators: Operators<f64>) -> Vec<Dense<f64>> {
    let network = |request: &Request<'_, f64>, _: bool| {
        whole(request.latent.affine(0.4, 0.1 * f64::from(request.step)).unwrap())
    };
    let mut stream = Normal::new(5);
    let noise = Box::new(move |_: u32, shape: &[u32]| stream.tensor(shape));
    let mut backend = Native::new(Box::new(network), noise, operators);
    let bars = [0.99, 0.9, 0.7, 0.5, 0.3, 0.1].to_vec();
    let schedule = Schedule::new(bars, &[5.0, 4.0, 3.0, 2.0, 1.0, 0.0], 1.0).unwrap();
    let settings = Settings {
        solver,
        eta: 1.0,
        denoise: 1.0,
        start: Start::Noise,
        target: 0,
        wanted: vec![true],
    };
    let lanes = [amdm::math::LaneSpec { clip, ..plain(PredictionKind::Epsilon) }];
    let start = Dense::new(&[1, 8], vec![0.0; 8]);
    sample(&mut backend, &lanes, &schedule, &settings, &[start]).unwrap();
    backend.latents.into_iter().map(|mut lanes| lanes.remove(0)).collect()
}

#[test]
fn a_rewritten_latent_drops_the_history() {
    let rewrite = |rewritten: Option<u32>| -> Operators<f64> {
        vec![Box::new(Probe(move |phase, context: &Context<f64>| {
            match (phase, rewritten == Some(context.index())) {
                (Phase::Stepped, true) => context.set_latent(0, context.latent(0)?),
                _ => Ok(()),
            }
        }))]
    };
    let kept = run(Solver::Dpmpp2m, None, rewrite(None));
    let dropped = run(Solver::Dpmpp2m, None, rewrite(Some(2)));
    assert_eq!(kept[..3], dropped[..3]);
    assert_ne!(kept[3], dropped[3], "the step after is of first order");
    let first_order = run(Solver::Euler, None, rewrite(None));
    let single = run(Solver::Euler, None, rewrite(Some(2)));
    assert_eq!(first_order, single, "one-step solvers keep none");
}

#[test]
fn the_clip_comes_last_and_is_what_stepped_reads() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let operators: Operators<f64> = vec![Box::new(Probe(move |phase, context: &Context<f64>| {
        if phase == Phase::Predicted {
            let doubled = context.denoised(0, Part::Guided)?.affine(2.0, 0.0)?;
            log.borrow_mut().push((phase, doubled.wide()));
            context.set_denoised(0, doubled)?;
        } else if phase == Phase::Stepped {
            let denoised = context.denoised(0, Part::Guided)?;
            let (now, epsilon) = (context.now(), context.epsilon(0, Part::Guided)?);
            let terms = [(&denoised, now.signal), (&epsilon, now.noise)];
            let input = Tensor::linear_combination(&terms)?;
            assert_within("input", &input.wide(), &context.input(0)?.wide(), 1e-12);
            log.borrow_mut().push((phase, denoised.wide()));
        }
        Ok(())
    }))];
    let latents = run(Solver::Ddim, Some(0.5), operators);
    for pair in seen.borrow().chunks(2) {
        let clamped: Vec<f64> = pair[0].1.iter().map(|value| value.clamp(-0.5, 0.5)).collect();
        assert!(pair[0].1 != clamped && pair[1].1 == clamped);
    }
    assert_eq!(seen.borrow().len(), 12);
    assert!(latents[5].wide().iter().all(|value| value.abs() <= 0.5 + 1e-12));
}

#[test]
fn a_stochastic_step_leaves_its_mean() {
    let operators: Operators<f64> = vec![Box::new(Probe(|phase, context: &Context<f64>| {
        let mean = context.mean(0);
        assert_eq!(mean.is_some(), phase == Phase::Stepped);
        if let Some(mean) = mean {
            let gap = context.latent(0)?.sub(&mean)?;
            let last = context.index() + 1 == context.steps();
            assert_eq!(gap.wide().iter().all(|&value| value == 0.0), last);
        }
        Ok(())
    }))];
    run(Solver::EulerAncestral, None, operators);
}
