//! Improved pseudo linear multistep (2204.13902): `ipndm` with the weights of even steps, `ipndm_v`
//! with those of the steps as they are; order up to four.

use alloc::vec::Vec;

use super::lms::{along, slope};
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

/// Slopes in use, this step's included.
const ORDER: usize = 4;
/// Adams-Bashforth weights by order.
const EVEN: [&[f64]; ORDER] = [
    &[1.0],
    &[3.0 / 2.0, -1.0 / 2.0],
    &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
    &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
];

/// One step; `variable` takes the steps' own widths into account.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    variable: bool,
) -> Result<Next<T>, Error> {
    if step.ends_clean() {
        return Next::done(call.denoised);
    }
    memory.push(slope(step, call.start, &call.denoised)?, ORDER);
    let order = memory.tensors.len().clamp(1, ORDER);
    let width = step.next() - step.now();
    let weights = if variable { uneven(step, order) } else { EVEN[order - 1].to_vec() };
    let weights: Vec<f64> = weights.iter().map(|weight| weight * width).collect();
    Next::done(along(call.start, &memory.tensors, &weights)?)
}

/// The published weights of uneven steps; those of fourth order do not sum to 1.
fn uneven(step: &Step<'_>, order: usize) -> Vec<f64> {
    let width = |back: usize| step.before(back) - step.before(back + 1);
    let h = step.next() - step.now();
    let (h1, h2, h3) = (width(0), width(1), width(2));
    let ratio = h / h1;
    let mut weights = [(2.0 + ratio) / 2.0, -ratio / 2.0, 0.0, 0.0];
    match order {
        1 => return [1.0].into(),
        2 => {}
        _ => {
            let third = (1.0 - h / (3.0 * (h + h1)) * (h * (h + h1)) / (h1 * (h1 + h2))) / 2.0;
            let newer = h1 / h2;
            let mut add = |factor: f64, by: [f64; 4]| {
                weights.iter_mut().zip(by).for_each(|(weight, by)| *weight += factor * by);
            };
            add(third, [1.0, -1.0 - newer, newer, 0.0]);
            if order > 3 {
                let curve = (1.0 - h / (3.0 * (h + h1))) / 2.0
                    + (1.0 - h / (2.0 * (h + h1))) * h / (6.0 * (h + h1 + h2));
                let fourth =
                    curve * (h * (h + h1) * (h + h1 + h2)) / (h1 * (h1 + h2) * (h1 + h2 + h3));
                let older = h1 * (h1 + h2) / (h2 * (h2 + h3));
                let oldest = older * (1.0 + h2 / h3);
                add(fourth, [1.0, -1.0 - newer - older, newer + oldest, -older * newer]);
            }
        }
    }
    weights[..order].to_vec()
}
