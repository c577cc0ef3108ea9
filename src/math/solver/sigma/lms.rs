//! Linear multistep (k-diffusion's `lms`): the slopes of up to four steps, integrated as the
//! polynomial through them.

use alloc::vec::Vec;

use super::answer::combine;
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// Slopes in use, this step's included.
const ORDER: usize = 4;

/// The slope of a step: (latent - clean latent) / sigma.
pub(super) fn slope<T: Tensor>(step: &Step<'_>, latent: &T, denoised: &T) -> Result<T, Error> {
    let share = 1.0 / step.now();
    T::linear_combination(&[(latent, share), (denoised, -share)])
}

/// The step along the weighted newest slopes; `weights` begins with this step's.
pub(super) fn along<T: Tensor>(start: &T, slopes: &[T], weights: &[f64]) -> Result<T, Error> {
    let mut terms = alloc::vec![(start, 1.0)];
    terms.extend(slopes.iter().zip(weights.iter().copied()));
    combine(&terms)
}

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
    Next::done(along(call.start, &memory.tensors, &weights(step, memory.tensors.len()))?)
}

/// Integrals over the step of the polynomials that are 1 at one of the last sigmas and 0 at the
/// others. They are cubic at most, so Gauss's rule of two points is exact.
fn weights(step: &Step<'_>, order: usize) -> Vec<f64> {
    let (middle, half) = (f64::midpoint(step.now(), step.next()), 0.5 * (step.next() - step.now()));
    let offset = half / libm::sqrt(3.0);
    let basis = |sigma: f64, own: usize| {
        let others = (0..order).filter(|&other| other != own);
        others.fold(1.0, |product, other| {
            let (own, other) = (step.before(own), step.before(other));
            product * (sigma - other) / (own - other)
        })
    };
    let weight = |own| half * (basis(middle - offset, own) + basis(middle + offset, own));
    (0..order).map(weight).collect()
}
