//! The product mixture: two lanes that each know half of an image, with exact denoisers.
//!
//! x0 is two halves of 384 values, a code of +-0.5 each (9 for the first half, 6 for the second),
//! plus 0.1 of noise. Lane A knows the first code, lane B the second; what a lane does not know, it
//! denoises as a softmax over the codes. A sample is right where its root mean square error over
//! all 768 values is below 0.3. Expected shares are stated to +-0.05 for 1000 samples. One set of
//! codes and noises strays by up to 0.04 (standard deviation 0.018 over eight), so shares are means
//! over four of them, `AMDM_MIXTURE_N` samples each (1000 for the full bench); fewer get two
//! binomial standard errors on top.

use std::cell::RefCell;

use amdm::math::schedule::{Schedule, squared_cosine_alphas_cumprod};
use amdm::math::{
    AggregateStep, ManifoldRefine, Mean, Method, Mode, NoiseLevel, PredictionKind, Settings,
    Solver, Start, sample,
};

use crate::dense::Dense;
use crate::native::{Native, Normal, Operators, Request, guided, plain};

const HALF: usize = 384;
const CODES: [usize; 2] = [9, 6];
const SPREAD: f64 = 0.01;
const STEPS: u32 = 50;
const RIGHT: f64 = 0.3;
const WORLDS: u64 = 4;

struct World {
    index: u64,
    codes: [Vec<Vec<f32>>; 2],
    /// The codes that each sample asks for.
    asked: Vec<[usize; 2]>,
}

impl World {
    fn new(index: u64, samples: usize) -> Self {
        let mut random = Normal::new(20 + index);
        let mut code = || (0..HALF).map(|_| random.below(2) as f32 - 0.5).collect();
        let codes = CODES.map(|count| (0..count).map(|_| code()).collect());
        let asked = (0..samples).map(|_| CODES.map(|count| random.below(count))).collect();
        Self { index, codes, asked }
    }

    /// The exact clean half: of the known code, or of the posterior over all of them.
    fn denoise(
        &self,
        half: usize,
        known: Option<usize>,
        x: &[f32],
        at: NoiseLevel,
        out: &mut [f32],
    ) {
        let variance = at.signal * at.signal * SPREAD + at.noise * at.noise;
        let gain = at.signal * SPREAD / variance;
        let codes = &self.codes[half];
        let scores: Vec<f64> = (0..codes.len())
            .map(|index| match known {
                Some(known) if known == index => 0.0,
                Some(_) => f64::NEG_INFINITY,
                None => {
                    let dot: f64 = codes[index].iter().zip(x).map(|(c, x)| f64::from(c * x)).sum();
                    // Every code has the same norm, so the rest of the distance is common.
                    at.signal * dot / variance
                }
            })
            .collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        out.copy_from_slice(x);
        out.iter_mut().for_each(|value| *value *= gain as f32);
        for (code, score) in codes.iter().zip(scores) {
            let weight = (score - most).exp() / total * (1.0 - gain * at.signal);
            if weight > 1e-12 {
                for (value, &code) in out.iter_mut().zip(code) {
                    *value += weight as f32 * code;
                }
            }
        }
    }

    /// What a lane that knows `half` sees, with its conditioning or without.
    fn predict(&self, x: &Dense<f32>, knows: Option<usize>, at: NoiseLevel) -> Dense<f32> {
        let mut clean = vec![0.0; x.values().len()];
        let samples = clean.chunks_mut(2 * HALF).zip(x.values().chunks(2 * HALF));
        for ((out, x), asked) in samples.zip(&self.asked) {
            for (half, &code) in asked.iter().enumerate() {
                let known = (knows == Some(half)).then_some(code);
                let range = half * HALF..(half + 1) * HALF;
                self.denoise(half, known, &x[range.clone()], at, &mut out[range]);
            }
        }
        Dense::new(&amdm::math::Tensor::shape(x), clean)
    }

    fn error(&self, x: &[f32], codes: [usize; 2]) -> f64 {
        let code = self.codes[0][codes[0]].iter().chain(&self.codes[1][codes[1]]);
        let squares = x.iter().zip(code).map(|(x, code)| f64::from(x - code).powi(2));
        (squares.sum::<f64>() / (2 * HALF) as f64).sqrt()
    }

    fn right(&self, result: &Dense<f32>) -> f64 {
        let samples = result.values().chunks(2 * HALF).zip(&self.asked);
        let right = samples.filter(|(x, asked)| self.error(x, **asked) < RIGHT).count();
        right as f64 / self.asked.len() as f64
    }

    /// Mean and least error to the nearest pair of codes.
    fn nearest(&self, result: &Dense<f32>) -> (f64, f64) {
        let pairs: Vec<_> =
            (0..CODES[0]).flat_map(|a| (0..CODES[1]).map(move |b| [a, b])).collect();
        let errors: Vec<f64> = result
            .values()
            .chunks(2 * HALF)
            .map(|x| pairs.iter().map(|&pair| self.error(x, pair)).fold(f64::INFINITY, f64::min))
            .collect();
        let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
        (errors.iter().sum::<f64>() / errors.len() as f64, least)
    }
}

/// Results of both lanes after 50 steps with target A and guidance 1.
fn run(world: &World, eta: f64, operators: Operators<f32>) -> [Dense<f32>; 2] {
    let bars = squared_cosine_alphas_cumprod(1000);
    let timesteps: Vec<f64> = (0..STEPS)
        .map(|step| (985.0 - 985.0 * f64::from(step) / f64::from(STEPS - 1)).round_ties_even())
        .collect();
    let schedule = Schedule::new(bars, &timesteps, 1.0).unwrap();
    let levels = schedule.levels(1.0).to_vec();
    let network = |request: &Request<'_, f32>, parts: bool| {
        let at = levels[request.step as usize];
        let knows = Some(request.lane as usize);
        let conditional = world.predict(request.latent, knows, at);
        let free =
            if parts { world.predict(request.latent, None, at) } else { conditional.clone() };
        guided(conditional, free, request.guidance, parts)
    };
    let streams = RefCell::new([1, 2].map(|lane| Normal::new(1000 * lane + world.index)));
    let noise = |lane: u32, shape: &[u32]| streams.borrow_mut()[lane as usize].tensor(shape);
    let mut backend = Native::new(Box::new(network), Box::new(noise), operators);
    let solver = Solver::Ddim;
    let settings = Settings {
        solver,
        eta,
        denoise: 1.0,
        start: Start::Noise,
        target: 0,
        wanted: vec![true; 2],
    };
    let lanes = [plain(PredictionKind::Sample); 2];
    let shape = [world.asked.len() as u32, 2 * HALF as u32];
    let start = Dense::new(&shape, vec![0.0; world.asked.len() * 2 * HALF]);
    let outcome = sample(&mut backend, &lanes, &schedule, &settings, &[start]).unwrap();
    let mut latents = outcome.latents.into_iter().flatten();
    [latents.next().unwrap(), latents.next().unwrap()]
}

fn samples() -> usize {
    std::env::var("AMDM_MIXTURE_N").map_or(40, |count| count.parse().unwrap())
}

fn operators(method: Method, weight: f64, radius: Option<bool>) -> Operators<f32> {
    let mut chain: Operators<f32> =
        vec![Box::new(AggregateStep { method, weight, end: 15.0, ..Default::default() })];
    if let Some(clamp) = radius {
        let (mode, mean) = (Mode::Radius, Mean::Posterior);
        chain.push(Box::new(ManifoldRefine::new(mode, mean, 0.3, 1.0, clamp)));
    }
    chain
}

#[track_caller]
fn shares(name: &str, eta: f64, chain: impl Fn() -> Operators<f32>, expected: [f64; 2]) {
    let mut found = [0.0; 2];
    for index in 0..WORLDS {
        let world = World::new(index, samples());
        for (found, result) in found.iter_mut().zip(run(&world, eta, chain())) {
            *found += world.right(&result) / WORLDS as f64;
        }
    }
    for (lane, (found, expected)) in found.into_iter().zip(expected).enumerate() {
        eprintln!("{name}, lane {lane}: {found:.3}, expected {expected:.3}");
        let count = (samples() as u64 * WORLDS) as f64;
        let error = (expected * (1.0 - expected) / count).sqrt();
        let slack = if samples() < 1000 { 2.0 * error } else { 0.0 };
        let gap = (found - expected).abs();
        assert!(gap <= 0.05 + slack, "{name}, lane {lane}: {found}, expected {expected}");
    }
}

#[test]
fn alone_is_chance() {
    shares("alone", 1.0, Vec::new, [1.0 / 6.0, 1.0 / 9.0]);
}

#[test]
fn slerp_stochastic() {
    shares("slerp .7, eta 1", 1.0, || operators(Method::Slerp, 0.7, None), [0.82, 0.79]);
}

#[test]
fn slerp_deterministic() {
    shares("slerp .7, eta 0", 0.0, || operators(Method::Slerp, 0.7, None), [0.61, 0.55]);
}

#[test]
fn spherical_without_refinement_is_noise() {
    let chain = || operators(Method::Spherical, 0.5, None);
    shares("spherical .5, eta 0", 0.0, chain, [0.0, 0.0]);
    let world = World::new(0, samples());
    let (mean, least) = world.nearest(&run(&world, 0.0, chain())[0]);
    eprintln!("nearest code: mean {mean:.2}, least {least:.2}");
    assert!((mean - 6.9).abs() < 0.35 && least > RIGHT, "{mean} {least}");
}

#[test]
fn unclamped_radius_overshoots() {
    let chain = || operators(Method::Spherical, 0.5, Some(false));
    shares("spherical .5, radius .3, unclamped", 0.0, chain, [0.0, 1.0]);
}

#[test]
fn clamped_radius() {
    let chain = || operators(Method::Spherical, 0.5, Some(true));
    shares("spherical .5, radius .3, clamped", 0.0, chain, [0.30, 0.34]);
}

#[test]
fn compose_is_right() {
    shares("compose, eta 1", 1.0, || operators(Method::Compose, 0.7, None), [1.0, 1.0]);
}
