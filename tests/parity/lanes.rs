//! Which lanes run when, how many passes that is, and that it changes no bit of a result.

use amdm::math::schedule::{Schedule, Spacing, alphas_cumprod, scaled_linear_betas};
use amdm::math::{
    AggregateStep, LaneSpec, ManifoldRefine, Mean, Method, Mode, Outcome, PredictionKind, Settings,
    Solver, Start, sample,
};

use crate::dense::Dense;
use crate::fixture::{difference, largest};
use crate::native::{Native, Normal, Operators, Request, guided, plain};

const SHAPE: [u32; 3] = [2, 3, 8];
const STEPS: u32 = 12;

struct Ran {
    outcome: Outcome<Dense<f32>>,
    calls: Vec<Vec<u32>>,
    guidances: Vec<f64>,
    draws: Vec<u32>,
    latents: Vec<Vec<Dense<f32>>>,
}

fn settings(solver: Solver, wanted: &[bool]) -> Settings {
    Settings {
        solver,
        eta: 1.0,
        denoise: 1.0,
        start: Start::Noise,
        target: 0,
        wanted: wanted.to_vec(),
    }
}

fn aggregate(method: Method, end: f64) -> AggregateStep {
    AggregateStep { method, end, ..Default::default() }
}

/// Lanes whose networks pull to different places; lane 1 has a clip and predicts the sample.
fn run(operators: Operators<f32>, settings: &Settings, start: &Dense<f32>) -> Ran {
    let kinds = [PredictionKind::Epsilon, PredictionKind::Sample, PredictionKind::Velocity];
    let lanes: Vec<_> = (0..settings.wanted.len())
        .map(|lane| LaneSpec {
            guidance: 3.0,
            clip: (lane == 1).then_some(1.0),
            ..plain(kinds[lane])
        })
        .collect();
    let network = |request: &Request<'_, f32>, parts: bool| {
        let offset = 0.1 * f64::from(request.lane);
        let part = |add: f64| amdm::math::Tensor::affine(request.latent, 0.3, add).unwrap();
        guided(part(offset + 0.2), part(offset), request.guidance, parts)
    };
    let mut streams: Vec<_> = (1..4).map(Normal::new).collect();
    let noise = Box::new(move |lane: u32, shape: &[u32]| streams[lane as usize].tensor(shape));
    let mut backend = Native::new(Box::new(network), noise, operators);
    let bars = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
    let timesteps = Spacing::Trailing.timesteps(settings.solver, STEPS, 1000, |_| Ok(Vec::new()));
    let schedule = Schedule::new(bars, &timesteps.unwrap(), 1.0).unwrap();
    let outcome =
        sample(&mut backend, &lanes, &schedule, settings, std::slice::from_ref(start)).unwrap();
    let Native { calls, guidances, draws, latents, .. } = backend;
    Ran { outcome, calls, guidances, draws, latents }
}

fn zeros() -> Dense<f32> {
    Dense::new(&SHAPE, vec![0.0; 48])
}

const SOLVERS: [Solver; 4] = [Solver::Ddim, Solver::Euler, Solver::EulerAncestral, Solver::Dpmpp2m];

#[test]
fn other_lanes_change_no_bit_of_the_target() {
    for solver in SOLVERS {
        for method in [Method::Slerp, Method::Compose, Method::EpsAverage, Method::Normalized] {
            let operators = || -> Operators<f32> {
                let refine = ManifoldRefine::new(Mode::Shell, Mean::Posterior, 0.1, 0.8, true);
                vec![Box::new(aggregate(method, 0.5)), Box::new(refine)]
            };
            let alone = run(operators(), &settings(solver, &[true, false, false]), &zeros());
            let all = run(operators(), &settings(solver, &[true; 3]), &zeros());
            assert_eq!(alone.outcome.latents[0], all.outcome.latents[0], "{solver:?} {method:?}");
            assert!(alone.outcome.latents[1].is_none() && all.outcome.latents[1].is_some());
            assert!(
                alone.outcome.latents[0].as_ref().unwrap().wide().iter().all(|v| v.is_finite())
            );
            assert_eq!((alone.outcome.passes, all.outcome.passes), (3 * 6 + 6, 36));
        }
    }
}

#[test]
fn passes_and_draws_end_with_the_window() {
    let operators: Operators<f32> = vec![Box::new(aggregate(Method::Slerp, 8.0))];
    let ran = run(operators, &settings(Solver::Ddim, &[false, true]), &zeros());
    assert!(ran.calls[..8].iter().all(|lanes| lanes == &[0, 1]));
    assert!(ran.calls[8..].iter().all(|lanes| lanes == &[1]));
    assert_eq!(ran.outcome.passes, 2 * 8 + 4);
    let drawn = |lane| ran.draws.iter().filter(|&&drawn| drawn == lane).count();
    // The first is the initial noise; the last step, to the clean latent, adds none.
    assert_eq!((drawn(0), drawn(1)), (1 + 8, 1 + 11));
    assert_eq!(ran.draws[..2], [0, 1]);
}

#[test]
fn without_operators_only_wanted_lanes_run() {
    let ran = run(Vec::new(), &settings(Solver::Euler, &[false, true]), &zeros());
    assert!(ran.calls.iter().all(|lanes| lanes == &[1]));
    assert_eq!((ran.outcome.passes, ran.draws.len()), (12, 2));
    assert_eq!(ran.latents[0][0], ran.latents[11][0], "a lane that is not stepped stays");
}

#[test]
fn handoff_runs_one_network() {
    let operators: Operators<f32> = vec![Box::new(aggregate(Method::Handoff, 6.0))];
    let ran = run(operators, &settings(Solver::Ddim, &[true, false]), &zeros());
    assert!(ran.calls[..6].iter().all(|lanes| lanes == &[1]));
    assert!(ran.calls[6..].iter().all(|lanes| lanes == &[0]));
    assert_eq!(ran.outcome.passes, STEPS);
}

#[test]
fn guidance_after_holds_from_the_end_of_the_window() {
    let operators: Operators<f32> =
        vec![Box::new(AggregateStep { guidance_after: 2.0, ..aggregate(Method::Compose, 4.0) })];
    let ran = run(operators, &settings(Solver::Ddim, &[true; 2]), &zeros());
    assert!(ran.guidances[..8].iter().all(|&guidance| guidance == 3.0));
    assert!(ran.guidances[8..].iter().all(|&guidance| guidance == 2.0));
    let empty: Operators<f32> =
        vec![Box::new(AggregateStep { guidance_after: 2.0, ..aggregate(Method::Slerp, 0.0) })];
    let ran = run(empty, &settings(Solver::Ddim, &[true; 2]), &zeros());
    assert!(ran.guidances.iter().all(|&guidance| guidance == 3.0));
}

#[test]
fn a_shared_image_is_one_for_all() {
    for method in [Method::Compose, Method::EpsAverage] {
        let operators: Operators<f32> = vec![Box::new(aggregate(method, 1.0))];
        let ran = run(operators, &settings(Solver::Euler, &[true, true, true]), &zeros());
        let last = ran.latents.last().unwrap();
        let gap = difference(&last[0].wide(), &last[2].wide());
        assert!(gap < 1e-5 * largest(&last[0].wide()), "{method:?} {gap}");
    }
}

#[test]
fn merged_lanes_share_one_latent_and_keep_their_norm() {
    let operators: Operators<f32> = vec![Box::new(aggregate(Method::Slerp, 3.0))];
    let ran = run(operators, &settings(Solver::Ddim, &[true; 2]), &zeros());
    assert!(ran.latents[..3].iter().all(|lanes| lanes[0] == lanes[1]));
    assert!(ran.latents[3..].iter().all(|lanes| lanes[0] != lanes[1]));
}

#[test]
fn denoise_runs_the_last_steps_from_the_latent() {
    let start: Dense<f32> = Normal::new(9).tensor(&SHAPE);
    let part = Settings { denoise: 0.3, ..settings(Solver::Euler, &[true]) };
    let ran = run(Vec::new(), &part, &start);
    assert_eq!(ran.outcome.passes, 4);
    let nothing = Settings { denoise: 0.0, ..part };
    let ran = run(Vec::new(), &nothing, &start);
    assert_eq!((ran.outcome.passes, ran.draws.len()), (0, 0));
    assert_eq!(ran.outcome.latents[0].as_ref(), Some(&start));
}

#[test]
fn a_window_counts_the_steps_that_run() {
    let operators: Operators<f32> = vec![Box::new(aggregate(Method::Slerp, 0.5))];
    let part = Settings { denoise: 0.5, ..settings(Solver::Ddim, &[true, false]) };
    let ran = run(operators, &part, &zeros());
    assert_eq!(ran.outcome.passes, 2 * 3 + 3);
}
