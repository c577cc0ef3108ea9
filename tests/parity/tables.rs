//! Noise tables and spacings that no solver's fixture pins down.

use amdm::math::schedule::{
    Schedule, Spacing, alphas_cumprod, scaled_linear_betas, squared_cosine_alphas_cumprod,
    zero_terminal_snr,
};
use amdm::math::{NoiseLevel, Solver};

use crate::fixture::{Fixture, assert_within, equals};

fn bars() -> Vec<f64> {
    alphas_cumprod(&scaled_linear_betas(1000, 0.00085, 0.012))
}

fn timesteps(spacing: Spacing, solver: Solver, steps: u32) -> Vec<f64> {
    spacing.timesteps(solver, steps, 1000, |_| Ok(Vec::new())).unwrap()
}

#[test]
fn the_tiny_family_has_the_cosine_table() {
    let fixture = Fixture::load("tiny_family");
    let found = squared_cosine_alphas_cumprod(1000);
    assert!(equals(&found, fixture.values("alphas_cumprod")), "to the last bit");
}

#[test]
fn zero_terminal_snr_ends_without_signal() {
    let bars = alphas_cumprod(&zero_terminal_snr(&scaled_linear_betas(1000, 0.00085, 0.012)));
    assert_eq!(bars[999], 0.0);
    assert!(bars.windows(2).all(|pair| pair[0] > pair[1]));
}

#[test]
fn a_single_step_starts_at_the_noisiest() {
    for solver in [Solver::Ddim, Solver::Dpmpp2m, Solver::Euler] {
        assert_eq!(timesteps(Spacing::Linspace, solver, 1), [999.0]);
        assert_eq!(timesteps(Spacing::Trailing, solver, 1), [999.0]);
    }
    assert_eq!(timesteps(Spacing::Leading, Solver::Ddim, 1), [1.0]);
    assert_eq!(timesteps(Spacing::Leading, Solver::Dpmpp2m, 1), [501.0]);
}

#[test]
fn every_number_of_steps_falls_inside_the_table() {
    for spacing in [Spacing::Leading, Spacing::Trailing, Spacing::Linspace] {
        for solver in [Solver::Ddim, Solver::Euler, Solver::Dpmpp2m] {
            for steps in 1..=998 {
                let found = timesteps(spacing, solver, steps);
                assert_eq!(found.len(), steps as usize);
                Schedule::new(bars(), &found, 1.0).unwrap();
            }
        }
    }
}

#[test]
fn linspace_rounds_where_diffusers_does() {
    assert_eq!(timesteps(Spacing::Linspace, Solver::Ddim, 5), [999.0, 749.0, 500.0, 250.0, 0.0]);
    assert_eq!(timesteps(Spacing::Linspace, Solver::Euler, 5)[1], 749.25);
    assert_eq!(timesteps(Spacing::Trailing, Solver::Ddim, 16)[1], 937.0, "halves to even");
}

#[test]
fn fractions_lie_between_their_neighbours() {
    for bars in [bars(), alphas_cumprod(&zero_terminal_snr(&scaled_linear_betas(1000, 1e-4, 0.02)))]
    {
        let schedule = Schedule::new(bars, &[999.0, 998.5, 998.0, 1.0, 0.5, 0.0], 1.0).unwrap();
        let levels = schedule.levels(1.0);
        assert!(levels.windows(2).all(|pair| pair[0].signal < pair[1].signal));
        let scales: Vec<f64> = levels.iter().map(NoiseLevel::scale).collect();
        assert_within("variance", &scales, &[1.0; 7], 1e-12);
    }
    let schedule = Schedule::new(bars(), &[500.5], 1.0).unwrap();
    let sigma = |level: &NoiseLevel| level.noise / level.signal;
    let whole = Schedule::new(bars(), &[501.0, 500.0], 1.0).unwrap();
    let mean = whole.levels(1.0)[..2].iter().map(sigma).sum::<f64>() / 2.0;
    assert_within("sigma", &[sigma(&schedule.levels(1.0)[0])], &[mean], 1e-12);
}

#[test]
fn denoise_cuts_to_the_last_steps() {
    let schedule = Schedule::new(bars(), &timesteps(Spacing::Leading, Solver::Ddim, 10), 1.0);
    let schedule = schedule.unwrap();
    for (denoise, steps) in [(0.0, 0), (0.04, 0), (0.05, 1), (0.25, 3), (0.99, 10), (1.0, 10)] {
        let levels = schedule.levels(denoise);
        assert_eq!(levels.len(), steps + 1, "{denoise}");
        assert_eq!(levels.last().unwrap().noise, 0.0);
    }
}
