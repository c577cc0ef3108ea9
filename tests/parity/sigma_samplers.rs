//! Fixture `schedulers`: rows of diffusers that the samplers in sigma space compute, at its sigmas.

use amdm::error::Error;
use amdm::math::solver::sigma::{Answer, NOISE_ALWAYS, Supply, Walk, network};
use amdm::math::{PredictionKind, Sampler, Tensor};

use crate::dense::{Dense, Real};
use crate::fixture::{Fixture, assert_within, largest};

/// As the fixture states it, relative to the largest absolute value of the step.
const TOLERANCE: f64 = 1e-5;

/// Row, sampler, whether its latents are in sigma space, and how many last steps are others there:
/// the polynomial of `lms` ends on the clean latent here and goes through it there.
const ROWS: [(&str, Sampler, bool, usize); 5] = [
    ("euler", Sampler::Euler, true, 0),
    ("euler_karras", Sampler::Euler, true, 0),
    ("dpmpp_2m_karras", Sampler::Dpmpp2m, false, 0),
    ("heun", Sampler::Heun, true, 0),
    ("lms", Sampler::Lms, true, 1),
];

/// These samplers draw nothing.
struct Nothing;

impl<F: Real> Supply<Dense<F>> for Nothing {
    fn draw(&mut self) -> Result<Dense<F>, Error> {
        Err(Error::invalid("no noise"))
    }

    fn between(&mut self, _: f64, _: f64) -> Result<Dense<F>, Error> {
        Err(Error::invalid("no noise"))
    }

    fn read(&mut self, tensor: &Dense<F>) -> Result<Vec<f64>, Error> {
        Ok(tensor.wide())
    }
}

fn one_run<F: Real>(fixture: &Fixture, (row, sampler, wide, others): (&str, Sampler, bool, usize)) {
    for steps in [10, 20, 50] {
        let run = format!("{row}/n{steps}");
        let mut sigmas = fixture.values(&format!("{run}/sigmas")).to_vec();
        sigmas.dedup();
        let timesteps = fixture.values(&format!("{run}/timesteps"));
        let scale = |sigma: f64| if wide { 1.0 } else { network::input_scale(sigma) };
        let stated = fixture.config["info"][&run]["init_noise_sigma"].as_f64().unwrap();
        let start: Dense<F> = fixture.tensor("x_init");
        let start = start.affine(stated / scale(sigmas[0]), 0.0).unwrap();
        let mut walk = Walk::new(sampler, &sigmas, NOISE_ALWAYS, start).unwrap();
        for (call, time) in timesteps.iter().enumerate() {
            let ask = walk.ask().unwrap();
            let input = ask.latent.affine(network::input_scale(ask.sigma), 0.0).unwrap();
            let output = input.affine(0.1, 0.01 * time / 1000.0).unwrap();
            let factors = network::denoised_factors(PredictionKind::Epsilon, ask.sigma).unwrap();
            let terms = [(ask.latent, factors.0), (&output, factors.1)];
            let denoised = Dense::linear_combination(&terms).unwrap();
            walk.tell(Answer { denoised, negative: None }, &mut Nothing).unwrap();
            let (latent, sigma) = match walk.ask() {
                Some(ask) => (ask.latent, ask.sigma),
                None => (walk.latent(), 0.0),
            };
            let found = latent.affine(scale(sigma), 0.0).unwrap().wide();
            let expected = fixture.slice::<f64>(&format!("{run}/traj"), call).wide();
            if call + others < timesteps.len() {
                let tolerance = TOLERANCE * largest(&expected);
                assert_within(&format!("{run} call {call}"), &found, &expected, tolerance);
            }
        }
        assert!(walk.is_done(), "{run}");
    }
}

#[test]
fn rows_of_other_schedulers() {
    let fixture = Fixture::load("schedulers");
    for row in ROWS {
        one_run::<f64>(&fixture, row);
        one_run::<f32>(&fixture, row);
    }
}
