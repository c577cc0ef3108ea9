//! The noise of a sampling: what lanes start from, what stands outside a mask, and what stochastic
//! steps add.

use alloc::vec::Vec;

use amdm::math::Draw;
use amdm::rng::Brownian;
use amdm_sdk::{Error, Generator, Tensor};

/// Where the noise of steps comes from.
#[derive(Clone, Copy)]
pub(super) enum StepSeeds {
    /// Each lane's stream goes on after its first noise.
    Continue,
    /// Each lane has another stream, of its seed plus this.
    Shifted(u64),
}

impl StepSeeds {
    fn shift(self) -> u64 {
        match self {
            Self::Continue => 0,
            Self::Shifted(shift) => shift,
        }
    }
}

/// Noise by lane.
pub(super) struct Noise {
    seeds: Vec<u64>,
    /// First noise from outside, where it is given.
    given: Option<Vec<Tensor>>,
    /// Streams of the lanes' seeds.
    first: Vec<Generator>,
    /// Streams that steps draw from, where these are others.
    step: Option<Vec<Generator>>,
    seeds_of_steps: StepSeeds,
    /// Brownian motions, where they have been asked for.
    brownian: Vec<Option<Brownian>>,
}

impl Noise {
    /// For lanes with these seeds.
    pub fn new(seeds: Vec<u64>, given: Option<Vec<Tensor>>, steps: StepSeeds) -> Self {
        let streams = |shift: u64| {
            let streams = seeds.iter().map(|seed| Generator::new(seed.wrapping_add(shift)));
            streams.collect::<Vec<_>>()
        };
        let step = match steps {
            StepSeeds::Continue => None,
            StepSeeds::Shifted(shift) => Some(streams(shift)),
        };
        let (first, brownian) = (streams(0), seeds.iter().map(|_| None).collect());
        Self { seeds, given, first, step, seeds_of_steps: steps, brownian }
    }

    /// The next values of lane `lane` for `draw`.
    pub fn draw(&mut self, lane: usize, shape: &[u32], draw: Draw) -> Result<Tensor, Error> {
        match (draw, &self.given, &self.step) {
            (Draw::Outside(shift), ..) => {
                Generator::new(self.seeds[lane].wrapping_add(shift)).normal(shape)
            }
            (Draw::First, Some(given), _) => Ok(given[lane].share()),
            (Draw::Step, _, Some(step)) => step[lane].normal(shape),
            _ => self.first[lane].normal(shape),
        }
    }

    /// The increment of the lane's Brownian motion between two sigmas within `span`.
    pub fn between(
        &mut self,
        lane: usize,
        shape: &[u32],
        (low, high): (f64, f64),
        (from, to): (f64, f64),
    ) -> Result<Tensor, Error> {
        let seed = self.seeds[lane].wrapping_add(self.seeds_of_steps.shift());
        let count = shape.iter().map(|extent| *extent as usize).product();
        let motion =
            self.brownian[lane].get_or_insert_with(|| Brownian::new(seed, low, high, count));
        Tensor::from_f32(shape, &motion.between(from, to))
    }
}
