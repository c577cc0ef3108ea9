//! The noise of a sampling: what lanes start from, and what stochastic steps add.

use alloc::vec::Vec;

use amdm::math::Draw;
use amdm_sdk::{Error, Generator, ModelInfo, Tensor};

use super::latent;
use crate::pack::sampler::{Inputs, StepNoise};

/// Noise by lane.
pub(super) struct Noise {
    /// First noise from outside, where it is given.
    given: Option<Vec<Tensor>>,
    /// Streams of the lanes' seeds.
    first: Vec<Generator>,
    /// Streams that steps draw from, where these are others.
    step: Option<Vec<Generator>>,
}

impl Noise {
    /// What `inputs` say, for lanes with these seeds and latents of `shape`.
    pub fn new(
        inputs: &Inputs,
        model: &ModelInfo,
        seeds: &[u64],
        shape: &[u32],
    ) -> Result<Self, Error> {
        let named = |error: Error| error.at("noise");
        let given = match &inputs.noise {
            Some(noise) => {
                let noise = latent::samples(noise, model).map_err(named)?;
                Some(latent::by_lanes(&noise, shape, seeds.len()).map_err(named)?)
            }
            None => None,
        };
        let streams = |shift: u64| {
            let seeds = seeds.iter().map(|seed| Generator::new(seed.wrapping_add(shift)));
            seeds.collect::<Vec<_>>()
        };
        let step = match inputs.step_noise {
            StepNoise::Continue => None,
            StepNoise::Restart => Some(streams(0)),
            StepNoise::OwnSeed => Some(streams(inputs.step_seed)),
        };
        Ok(Self { given, first: streams(0), step })
    }

    /// The next values of lane `lane` for `draw`.
    pub fn draw(&mut self, lane: usize, shape: &[u32], draw: Draw) -> Result<Tensor, Error> {
        match (draw, &self.given, &self.step) {
            (Draw::First, Some(given), _) => Ok(given[lane].share()),
            (Draw::Step, _, Some(step)) => step[lane].normal(shape),
            _ => self.first[lane].normal(shape),
        }
    }
}
