//! The methods that share one image: predictions are joined, not latents.
//!
//! In `prepare` every other lane's network is given the target's latent; in `predicted` all lanes
//! take one prediction. Joined as epsilon, or as the clean latent where the signal is 0.
//! `compose` is composable diffusion (2206.01714).

use alloc::vec::Vec;

use crate::error::Error;
use crate::math::{Part, StepContext, Tensor};

/// Every lane but the target gets the target's latent as input.
pub(super) fn share_input<C: StepContext>(context: &C) -> Result<(), Error> {
    let target = context.target();
    let input = context.input(target)?;
    (0..context.lanes())
        .filter(|&lane| lane != target)
        .try_for_each(|lane| context.set_input(lane, input.share()))
}

/// All lanes take the plain mean of the guided predictions.
pub(super) fn average<C: StepContext>(context: &C) -> Result<(), Error> {
    let lanes = predicted(context);
    let weight = 1.0 / lanes.len() as f64;
    let terms = lanes.iter().map(|&lane| Ok((read(context, lane, Part::Guided)?, weight)));
    spread(context, terms.collect::<Result<_, Error>>()?)
}

/// All lanes take the mean of the unconditional predictions plus every lane's own guidance.
pub(super) fn compose<C: StepContext>(context: &C) -> Result<(), Error> {
    let lanes = predicted(context);
    let mut terms = Vec::with_capacity(2 * lanes.len());
    for &lane in &lanes {
        let guidance = context.guidance(lane);
        terms.push((read(context, lane, Part::Conditional)?, guidance));
        let rest = 1.0 / lanes.len() as f64 - guidance;
        terms.push((read(context, lane, Part::Unconditional)?, rest));
    }
    spread(context, terms)
}

/// Only `source`'s network runs, on the target's latent.
pub(super) fn hand_over<C: StepContext>(context: &C, source: u32) -> Result<(), Error> {
    for lane in (0..context.lanes()).filter(|&lane| lane != source) {
        context.set_active(lane, false);
    }
    context.set_active(source, true);
    context.set_input(source, context.input(context.target())?)
}

/// The target takes `source`'s prediction.
pub(super) fn take_over<C: StepContext>(context: &C, source: u32) -> Result<(), Error> {
    let prediction = read(context, source, Part::Guided)?;
    write(context, context.target(), prediction)
}

fn predicted<C: StepContext>(context: &C) -> Vec<u32> {
    (0..context.lanes()).filter(|&lane| context.has_prediction(lane)).collect()
}

fn read<C: StepContext>(context: &C, lane: u32, part: Part) -> Result<C::Tensor, Error> {
    if context.now().signal == 0.0 {
        context.denoised(lane, part)
    } else {
        context.epsilon(lane, part)
    }
}

fn write<C: StepContext>(context: &C, lane: u32, value: C::Tensor) -> Result<(), Error> {
    if context.now().signal == 0.0 {
        context.set_denoised(lane, value)
    } else {
        context.set_epsilon(lane, value)
    }
}

/// Gives the sum of `terms` to every lane; nothing where there are none.
fn spread<C: StepContext>(context: &C, terms: Vec<(C::Tensor, f64)>) -> Result<(), Error> {
    if terms.is_empty() {
        return Ok(());
    }
    let terms: Vec<_> = terms.iter().map(|(value, weight)| (value, *weight)).collect();
    let joined = Tensor::linear_combination(&terms)?;
    (0..context.lanes()).try_for_each(|lane| write(context, lane, joined.share()))
}
