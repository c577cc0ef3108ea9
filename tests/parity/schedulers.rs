//! Fixture `schedulers`: our solvers against diffusers, step by step through the sampler.
//!
//! Latents are carried on the model's own process, so what diffusers keeps in sigma space is
//! compared after multiplication by sqrt(1 + sigma^2).

use amdm::math::schedule::{
    Schedule, Spacing, alphas_cumprod, scaled_linear_betas, zero_terminal_snr,
};
use amdm::math::{PredictionKind, Settings, Solver, Start, Tensor, sample};

use crate::dense::{Dense, Real};
use crate::fixture::{Fixture, assert_within, equals, largest};
use crate::native::{Native, Request, plain, recorded, whole};

/// As the fixture states it, relative to the largest absolute value of the step.
const TOLERANCE: f64 = 1e-5;

#[derive(Clone, Copy)]
struct Scheduler {
    name: &'static str,
    solver: Solver,
    spacing: Spacing,
    kind: PredictionKind,
    eta: f64,
    /// Whether the recorded latents are in sigma space.
    sigma_space: bool,
    /// Whether the last step goes to the clean latent.
    ends_clean: bool,
}

const DDIM: Scheduler = Scheduler {
    name: "ddim",
    solver: Solver::Ddim,
    spacing: Spacing::Leading,
    kind: PredictionKind::Epsilon,
    eta: 0.0,
    sigma_space: false,
    ends_clean: false,
};
const EULER: Scheduler =
    Scheduler { name: "euler", solver: Solver::Euler, sigma_space: true, ends_clean: true, ..DDIM };
const DPMPP: Scheduler =
    Scheduler { name: "dpmpp_2m", solver: Solver::Dpmpp2m, ends_clean: true, ..DDIM };
const FLOW: Scheduler = Scheduler {
    name: "flow_match_euler_shift1",
    spacing: Spacing::Native,
    kind: PredictionKind::Flow,
    sigma_space: false,
    ..EULER
};

const COVERED: [Scheduler; 13] = [
    DDIM,
    Scheduler { name: "ddim_trailing", spacing: Spacing::Trailing, ..DDIM },
    Scheduler {
        name: "ddim_vpred_zsnr",
        spacing: Spacing::Trailing,
        kind: PredictionKind::Velocity,
        ..DDIM
    },
    Scheduler { name: "ddim_eta1", eta: 1.0, ..DDIM },
    // DDPM is DDIM with eta 1 that ends on the clean latent.
    Scheduler { name: "ddpm", eta: 1.0, ends_clean: true, ..DDIM },
    EULER,
    Scheduler { name: "euler_trailing", spacing: Spacing::Trailing, ..EULER },
    Scheduler { name: "euler_vpred", kind: PredictionKind::Velocity, ..EULER },
    Scheduler { name: "euler_a", solver: Solver::EulerAncestral, eta: 1.0, ..EULER },
    DPMPP,
    Scheduler { name: "dpmpp_2m_linspace", spacing: Spacing::Linspace, ..DPMPP },
    FLOW,
    Scheduler { name: "flow_match_euler_shift3", ..FLOW },
];

/// Rows that are computed in sigma space.
const ELSEWHERE: &str = "see sigma_samplers";
const NOT_OFFERED: [(&str, &str); 6] = [
    ("dpmpp_2m_karras/", ELSEWHERE),
    ("euler_karras/", ELSEWHERE),
    ("heun/", ELSEWHERE),
    ("lms/", ELSEWHERE),
    ("pndm/", "solver not offered"),
    ("unipc/", "solver not offered"),
];

#[test]
fn every_solver_in_float32() {
    every_solver::<f32>();
}

#[test]
fn every_solver_in_float64() {
    every_solver::<f64>();
}

fn every_solver<F: Real>() {
    let fixture = Fixture::load("schedulers");
    let bars = alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012));
    assert!(equals(&bars, fixture.values("alphas_cumprod")), "to the last bit");
    for scheduler in COVERED {
        for steps in [10, 20, 50] {
            if fixture.has(&format!("{}/n{steps}/traj", scheduler.name)) {
                one_run::<F>(&fixture, scheduler, steps);
            }
        }
    }
    fixture.assert_covered(&NOT_OFFERED);
}

fn schedule(fixture: &Fixture, scheduler: Scheduler, steps: u32) -> Schedule {
    let run = format!("{}/n{steps}", scheduler.name);
    let recorded = fixture.values(&format!("{run}/timesteps"));
    if scheduler.kind == PredictionKind::Flow {
        let sigmas = fixture.values(&format!("{run}/sigmas"));
        let thousandths: Vec<f64> = sigmas.iter().map(|sigma| sigma * 1000.0).collect();
        assert_within(&run, &thousandths[..steps as usize], recorded, 1e-3);
        return Schedule::new(Vec::new(), &sigmas[..steps as usize], 1.0).unwrap();
    }
    let mut betas = scaled_linear_betas(1000, 0.00085, 0.012);
    if scheduler.name.ends_with("zsnr") {
        betas = zero_terminal_snr(&betas);
    }
    let bars = alphas_cumprod(&betas);
    let found =
        scheduler.spacing.timesteps(scheduler.solver, steps, 1000, |_| Ok(Vec::new())).unwrap();
    assert_eq!(found, recorded, "{run} timesteps");
    let last = if scheduler.ends_clean { 1.0 } else { bars[0] };
    Schedule::new(bars, &found, last).unwrap()
}

fn one_run<F: Real>(fixture: &Fixture, scheduler: Scheduler, steps: u32) {
    let run = format!("{}/n{steps}", scheduler.name);
    let schedule = schedule(fixture, scheduler, steps);
    let levels = schedule.levels(1.0);
    let sigmas: Vec<f64> = levels.iter().map(|level| level.noise / level.signal).collect();
    let name = format!("{run}/sigmas");
    if fixture.has(&name) && scheduler.kind != PredictionKind::Flow {
        let expected = fixture.values(&name);
        assert_within(&name, &sigmas, expected, TOLERANCE * largest(expected));
    }
    let factor = |step: usize| {
        if scheduler.sigma_space { (1.0 + sigmas[step] * sigmas[step]).sqrt() } else { 1.0 }
    };
    let stated = fixture.config["info"][&run]["init_noise_sigma"].as_f64().unwrap();
    let start: Dense<F> = fixture.tensor("x_init");
    let start = start.affine(stated / factor(0), 0.0).unwrap();
    let mut draws = vec![start.share()];
    let noises = format!("{run}/noises");
    if fixture.has(&noises) {
        draws.extend((0..steps as usize).map(|step| fixture.slice(&noises, step)));
    }
    let scale = if scheduler.kind == PredictionKind::Flow { 1000.0 } else { 1.0 };
    let network = move |request: &Request<'_, F>, _: bool| {
        let offset = 0.01 * request.level.timestep * scale / 1000.0;
        whole(request.latent.affine(0.1, offset).unwrap())
    };
    let mut backend = Native::new(Box::new(network), recorded(vec![draws]), Vec::new());
    let (solver, eta) = (scheduler.solver, scheduler.eta);
    let settings =
        Settings { solver, eta, denoise: 1.0, start: Start::Noise, target: 0, wanted: vec![true] };
    let lanes = [plain(scheduler.kind)];
    let outcome = sample(&mut backend, &lanes, &schedule, &settings, &[start]).unwrap();
    assert_eq!(outcome.passes, steps);
    for (step, latents) in backend.latents.iter().enumerate() {
        let found = latents[0].affine(factor(step + 1), 0.0).unwrap();
        let expected = fixture.slice::<f64>(&format!("{run}/traj"), step).wide();
        let tolerance = TOLERANCE * largest(&expected);
        assert_within(&format!("{run} step {step}"), &found.wide(), &expected, tolerance);
    }
}
