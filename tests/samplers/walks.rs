//! What holds of every sampler's walk: it goes on from a checkpoint, forgets what an operator
//! replaced, and says beforehand what it needs.

use amdm::error::Error;
use amdm::math::solver::sigma::{Answer, Memory, NoiseKind, Supply, Walk};
use amdm::math::{Sampler, Tensor};
use amdm::rng::TorchCpu;

use crate::data::Latent;
use crate::run::Streams;

const SIGMAS: [f64; 7] = [14.0, 6.0, 3.0, 1.5, 0.6, 0.2, 0.0];
const NOISY: (f64, f64) = (5.0, 0.5);
const SHAPE: [u32; 4] = [1, 4, 2, 2];

/// Counts what is taken.
struct Counted {
    streams: Streams,
    drawn: usize,
    between: usize,
    read: usize,
}

impl Counted {
    fn new(skip: usize) -> Self {
        let mut streams = Streams::new(3, &SIGMAS, &SHAPE);
        (0..skip).for_each(|_| drop(streams.draw().unwrap()));
        Self { streams, drawn: skip, between: 0, read: 0 }
    }
}

impl Supply<Latent> for Counted {
    fn draw(&mut self) -> Result<Latent, Error> {
        self.drawn += 1;
        self.streams.draw()
    }

    fn between(&mut self, from: f64, to: f64) -> Result<Latent, Error> {
        self.between += 1;
        self.streams.between(from, to)
    }

    fn read(&mut self, tensor: &Latent) -> Result<Vec<f64>, Error> {
        self.read += 1;
        self.streams.read(tensor)
    }
}

fn walk(sampler: Sampler) -> Walk<Latent> {
    let noise = Latent::new(&SHAPE, TorchCpu::new(1).normal(16));
    Walk::new(sampler, &SIGMAS, NOISY, noise.affine(SIGMAS[0], 0.0).unwrap()).unwrap()
}

fn answer(latent: &Latent, sigma: f64) -> Answer<Latent> {
    let clean = |bend: f64| {
        let values = latent.values().iter().map(|&x| {
            let x = f64::from(x) / (1.0 + sigma * sigma);
            (x + bend * (2.0 * x + sigma).sin()) as f32
        });
        Latent::new(&SHAPE, values.collect())
    };
    Answer { denoised: clean(0.3), negative: Some(clean(-0.2)) }
}

/// One call; whether the step ended.
fn call(walk: &mut Walk<Latent>, supply: &mut Counted) -> bool {
    let step = walk.step();
    let ask = walk.ask().unwrap();
    let answer = answer(ask.latent, ask.sigma);
    walk.tell(answer, supply).unwrap();
    walk.step() > step
}

fn finish(walk: &mut Walk<Latent>, supply: &mut Counted) -> Vec<f32> {
    while !walk.is_done() {
        call(walk, supply);
    }
    assert!(walk.ask().is_none());
    walk.latent().values().to_vec()
}

#[test]
fn a_walk_goes_on_from_any_checkpoint_to_the_same_bits() {
    for &sampler in Sampler::ALL {
        let whole = finish(&mut walk(sampler), &mut Counted::new(0));
        assert!(whole.iter().all(|value| value.is_finite()), "{}", sampler.as_str());
        let (mut first, mut supply) = (walk(sampler), Counted::new(0));
        while !first.is_done() {
            if first.is_between() {
                let mut second = walk(sampler);
                let kept = Memory { tensors: first.memory().tensors.clone() };
                second.resume(first.step(), first.latent().clone(), kept).unwrap();
                assert_eq!(second.calls_left(), first.calls_left());
                let found = finish(&mut second, &mut Counted::new(supply.drawn));
                assert_eq!(found, whole, "{} from step {}", sampler.as_str(), first.step());
            }
            call(&mut first, &mut supply);
        }
    }
}

#[test]
fn a_replaced_latent_is_where_a_new_walk_begins() {
    for sampler in Sampler::ALL.iter().copied().filter(|sampler| sampler.is_single_call()) {
        let (mut walk, mut supply) = (walk(sampler), Counted::new(0));
        (0..3).for_each(|_| assert!(call(&mut walk, &mut supply)));
        let other = walk.latent().affine(0.5, 0.1).unwrap();
        walk.replace(other.clone());
        assert!(walk.memory().tensors.is_empty());
        assert_eq!(walk.latent(), &other);
        let found = finish(&mut walk, &mut supply);
        assert!(found.iter().all(|value| value.is_finite()), "{}", sampler.as_str());
    }
}

#[test]
fn samplers_say_what_they_need() {
    for &sampler in Sampler::ALL {
        let name = sampler.as_str();
        assert_eq!(Sampler::from_name(name), Some(sampler));
        assert_eq!(sampler.needs_negative(), name.ends_with("_cfg_pp"), "{name}");
        let (mut walk, mut supply) = (walk(sampler), Counted::new(0));
        let (mut calls, mut single) = (0, walk.steps() == SIGMAS.len() - 1);
        while !walk.is_done() {
            single &= call(&mut walk, &mut supply);
            calls += 1;
        }
        assert_eq!(sampler.is_single_call(), single && calls == 6, "{name}");
        let noise = match (supply.drawn, supply.between) {
            (0, 0) => NoiseKind::None,
            (_, 0) => NoiseKind::Stream,
            _ => NoiseKind::Brownian,
        };
        assert_eq!(sampler.noise(), noise, "{name}");
        assert_eq!(supply.read > 0, sampler == Sampler::DpmAdaptive, "{name}");
    }
    assert_eq!(Sampler::ALL.len(), 42);
    assert_eq!(Sampler::from_name("dpmpp_4m"), None);
}

#[test]
fn a_walk_without_steps_stays_where_it_is() {
    for &sampler in Sampler::ALL {
        for sigmas in [&[][..], &[2.0][..]] {
            let latent = Latent::new(&SHAPE, vec![0.5; 16]);
            let mut walk = Walk::new(sampler, sigmas, NOISY, latent.clone()).unwrap();
            assert!(walk.is_done() && walk.ask().is_none());
            assert_eq!((walk.latent(), walk.calls_left()), (&latent, Some(0)));
            let told = walk.tell(answer(&latent, 1.0), &mut Counted::new(0));
            assert_eq!(told.unwrap_err().message, "an answer after all 0 steps");
        }
    }
}

#[test]
fn what_makes_no_walk_is_refused() {
    let text = |sigmas: &[f64]| {
        let latent = Latent::new(&SHAPE, vec![0.5; 16]);
        Walk::new(Sampler::Euler, sigmas, NOISY, latent).unwrap_err().to_string()
    };
    assert_eq!(text(&[f64::NAN, 0.0]), "sigmas: sigma NaN, expected a finite number of 0 or more");
    assert_eq!(text(&[1.0, -1.0]), "sigmas: sigma -1, expected a finite number of 0 or more");
    assert_eq!(text(&[1.0, 2.0]), "sigmas: sigma 2 after 1, expected falling ones");
    assert_eq!(text(&[0.0; 10_002]), "sigmas: 10002 sigmas, expected at most 10001");

    let mut euler = walk(Sampler::Euler);
    let wrong = Latent::new(&[1, 4], vec![0.0; 4]);
    let found = euler.resume(7, euler.latent().clone(), Memory::new()).unwrap_err();
    assert_eq!(found.message, "step 7 of a checkpoint, expected 0 to 6");
    let found = euler.resume(1, wrong, Memory::new()).unwrap_err();
    assert_eq!(found.message, "a checkpoint's tensor of shape [1, 4], expected [1, 4, 2, 2]");

    let mut walk = walk(Sampler::EulerCfgPp);
    let mut answer = answer(walk.latent(), SIGMAS[0]);
    answer.negative = None;
    let found = walk.tell(answer, &mut Counted::new(0)).unwrap_err();
    assert_eq!(found.message, "no prediction of the negative condition, expected one");
}

#[test]
fn an_adaptive_walk_that_finds_no_stride_ends() {
    let (mut walk, mut supply) = (walk(Sampler::DpmAdaptive), Counted::new(0));
    let found = loop {
        let ask = walk.ask().unwrap();
        let mut answer = answer(ask.latent, ask.sigma);
        answer.denoised = answer.denoised.affine(f64::NAN, 0.0).unwrap();
        if let Err(error) = walk.tell(answer, &mut supply) {
            break error;
        }
    };
    let expected = "dpm_adaptive found no stride short enough, expected finite predictions";
    assert_eq!(found.message, expected);
}
