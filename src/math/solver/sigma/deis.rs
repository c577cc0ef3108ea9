//! DEIS with polynomials in time (2204.13902; k-diffusion's `deis`, order 3): the weights of the
//! slopes are integrals over a linear beta process whose sigma goes from 0.002 to 80.

use alloc::vec::Vec;

use super::lms::{along, slope};
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// Slopes in use, this step's included.
const ORDER: usize = 3;
/// Times that an integral is summed over, both ends included.
const POINTS: u32 = 10_000;

/// One step.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    memory.push(slope(step, call.start, &call.denoised)?, ORDER);
    let weights = weights(step, memory.tensors.len());
    Next::done(along(call.start, &memory.tensors, &weights)?)
}

/// A process whose beta grows linearly with time, 0 to 1.
struct Process {
    /// beta at time 0.
    start: f64,
    /// beta at time 1 less that.
    growth: f64,
}

impl Process {
    /// Sigma 0.002 at time 0.001, 80 at time 1.
    fn new() -> Self {
        const EARLY: f64 = 1e-3;
        let log = |sigma: f64| libm::log(sigma * sigma + 1.0);
        let (low, high) = (log(0.002), log(80.0));
        let growth = 2.0 * (low / EARLY - high) / (EARLY - 1.0);
        Self { start: high - growth / 2.0, growth }
    }

    /// When sigma is reached.
    fn time(&self, sigma: f64) -> f64 {
        let root = self.start * self.start + 2.0 * self.growth * libm::log(sigma * sigma + 1.0);
        (libm::sqrt(root) - self.start) / self.growth
    }

    /// How fast sigma grows, as the integrals weight it.
    fn rate(&self, time: f64) -> f64 {
        let alpha = libm::exp(-time * time * self.growth / 2.0 - time * self.start);
        (time * self.growth + self.start) / 2.0 / libm::sqrt(alpha * (1.0 - alpha))
    }
}

fn weights(step: &Step<'_>, order: usize) -> Vec<f64> {
    if order < 2 {
        return [step.next() - step.now()].into();
    }
    let process = Process::new();
    let known: Vec<f64> = (0..order).map(|back| process.time(step.before(back))).collect();
    let (from, to) = (known[0], process.time(step.next()));
    let width = (to - from) / f64::from(POINTS - 1);
    let mut sums = alloc::vec![0.0; order];
    for point in 0..POINTS {
        let time = from + width * f64::from(point);
        let rate = process.rate(time);
        for (own, sum) in sums.iter_mut().enumerate() {
            *sum += rate * basis(&known, own, time);
        }
    }
    sums.into_iter().map(|sum| sum * (to - from) / f64::from(POINTS)).collect()
}

/// The polynomial that is 1 at its own node and 0 at the others.
fn basis(nodes: &[f64], own: usize, at: f64) -> f64 {
    let others = nodes.iter().enumerate().filter(|(other, _)| *other != own);
    others.fold(1.0, |product, (_, node)| product * (at - node) / (nodes[own] - node))
}
