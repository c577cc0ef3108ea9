//! UniPC (2302.04867): predictor and corrector of order up to 3 on the clean latent; `uni_pc` with
//! B(h) = h, `uni_pc_bh2` with B(h) = e^h - 1.
//!
//! A step asks at the predicted latent. Remembered are the latent before, corrected, and the clean
//! latents, the newest first. A walk that ends on the clean latent ends at sigma 0.001 instead; the
//! last update has order 1 and is not corrected. One step alone denoises nothing.

use alloc::vec::Vec;

use super::answer::combine;
use super::level::log_ratio;
use super::{Call, Memory, Next, Step};
use crate::error::Error;
use crate::math::Tensor;

const ORDER: usize = 3;
/// The sigma that stands for 0.
const LAST: f64 = 0.001;

/// The sigmas with 0.001 in place of a 0 at the end.
pub(super) fn grid(sigmas: &[f64]) -> Vec<f64> {
    let mut sigmas = sigmas.to_vec();
    if let Some(last) = sigmas.last_mut().filter(|last| **last == 0.0) {
        *last = LAST;
    }
    sigmas
}

/// One step; `exponential` is the form with e^h - 1.
pub(super) fn step<T: Tensor>(
    step: &Step<'_>,
    call: Call<'_, T>,
    memory: &mut Memory<T>,
    exponential: bool,
) -> Result<Next<T>, Error> {
    let most = ORDER.min(step.steps() - 1);
    if most == 0 {
        let scale = |sigma: f64| libm::sqrt(1.0 + sigma * sigma);
        return Next::done(call.start.affine(scale(step.next()) / scale(step.now()), 0.0)?);
    }
    let corrected = match memory.tensors.split_first() {
        None => call.start.share(),
        Some((before, clean)) => {
            let order = order(step.index, most, step.steps()).min(clean.len());
            let sigmas: Vec<f64> = (0..=order).map(|back| step.before(back)).collect();
            update(before, Some(&call.denoised), &clean[..order], &sigmas, exponential)?
        }
    };
    if !memory.tensors.is_empty() {
        memory.tensors.remove(0);
    }
    memory.push(call.denoised, ORDER);
    let order = order(step.index + 1, most, step.steps()).min(memory.tensors.len());
    let back = (0..order).map(|back| step.before(back));
    let sigmas: Vec<f64> = core::iter::once(step.next()).chain(back).collect();
    let mean = update(&corrected, None, &memory.tensors[..order], &sigmas, exponential)?;
    memory.tensors.insert(0, corrected);
    Next::done(mean)
}

/// The order of the update to sigma `to`.
fn order(to: usize, most: usize, steps: usize) -> usize {
    if to < most { to } else { most.min(steps + 1 - to) }
}

/// The latent at `sigmas[0]` from that at `sigmas[1]`. `clean` are the clean latents at
/// `sigmas[1..]`, as many as the order; with the `reached` one, at `sigmas[0]`, it is the
/// corrector.
fn update<T: Tensor>(
    latent: &T,
    reached: Option<&T>,
    clean: &[T],
    sigmas: &[f64],
    exponential: bool,
) -> Result<T, Error> {
    let stride = log_ratio(sigmas[1], sigmas[0]);
    let grown = libm::expm1(-stride);
    let scale = if exponential { grown } else { -stride };
    let place = |sigma: f64| log_ratio(sigmas[1], sigma) / stride;
    let places: Vec<f64> = sigmas[2..].iter().map(|&sigma| place(sigma)).chain([1.0]).collect();
    let weights = weights(&places, stride, scale, reached.is_some());
    let mut terms = alloc::vec![(latent, sigmas[0] / sigmas[1]), (&clean[0], -grown)];
    for ((older, place), weight) in clean[1..].iter().zip(&places).zip(&weights) {
        let factor = scale * weight / place;
        terms[1].1 += factor;
        terms.push((older, -factor));
    }
    if let (Some(reached), Some(weight)) = (reached, weights.last()) {
        terms[1].1 += scale * weight;
        terms.push((reached, -scale * weight));
    }
    combine(&terms)
}

/// Weights of the differences of clean latents at these places of the step, the last of which is
/// its end and has none in the predictor.
fn weights(places: &[f64], stride: f64, scale: f64, corrects: bool) -> Vec<f64> {
    let unknown = if corrects { places.len() } else { places.len() - 1 };
    // Both forms have this weight for a single difference, whatever its place.
    if unknown == 1 {
        return [0.5].into();
    }
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(unknown);
    let (mut phi, mut factorial) = (libm::expm1(-stride) / -stride - 1.0, 1.0);
    for power in 0..unknown as u32 {
        let order = f64::from(power + 1);
        let mut row: Vec<f64> =
            places[..unknown].iter().map(|&place| libm::pow(place, power.into())).collect();
        row.push(phi * factorial * order / scale);
        rows.push(row);
        factorial *= order;
        phi = phi / -stride - 1.0 / (factorial * (order + 1.0));
    }
    solve(rows)
}

/// The solution of a small linear system whose rows end with the right side.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let size = rows.len();
    for column in 0..size {
        let largest =
            |a: &usize, b: &usize| rows[*a][column].abs().total_cmp(&rows[*b][column].abs());
        let pivot = (column..size).max_by(largest).unwrap_or(column);
        rows.swap(column, pivot);
        let own = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != column) {
            let factor = row[column] / own[column];
            row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
        }
    }
    (0..size).map(|at| rows[at][size] / rows[at][at]).collect()
}
