//! What a sampler asks at one step: conditions as lists of entries, evaluated once for all
//! families.
//!
//! Each entry that acts is a pass of the network over its area, all passes of a step in one call. A
//! side's prediction is the weighted mean of its entries' clean latents, and guidance leads from
//! the negative's to the positive's.

mod entry;
mod evaluation;
mod frame;
mod mask;
mod mean;
mod moment;
mod placed;
mod plan;
mod weights;

use std::sync::Arc;

use amdm::math::NoiseLevel;

use self::evaluation::Room;
use self::plan::Plan;
use super::{Cancel, Denoiser, Prediction, Request, predict};
use crate::{Result, Tensor};

pub use self::entry::{Area, Control, Entry, Handle};

/// One lane's question at one step; as [`Request`], with lists of entries.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who answers.
    pub model: &'a Arc<dyn Denoiser>,
    /// The batch and the extents of one latent, scaled as the network sees it.
    pub latent: &'a Tensor,
    /// Where the latent is on the forward process.
    pub level: NoiseLevel,
    /// What every row is asked for.
    pub positive: &'a [Entry],
    /// What guidance leads away from; the model's own unconditional where missing.
    pub negative: Option<&'a [Entry]>,
    /// 1: the conditional prediction alone.
    pub guidance: f64,
    /// This step, counted from 0.
    pub step: u32,
    /// All steps.
    pub steps: u32,
}

/// Answers the questions of one step, over any number of models, in order.
///
/// With `parts` the conditional and unconditional predictions come as well. Sides of one plain
/// entry each are one [`Request`] to the model; all others are passes without guidance, in the same
/// call of [`predict`] unless `parts` are asked for.
///
/// # Errors
/// `invalid_input` for a list of entries that cannot be evaluated, `unsupported` for what the model
/// or its latents do not take, `limit_exceeded` for too many entries; those of [`predict`].
pub fn ask(questions: &[Question<'_>], parts: bool, cancel: Cancel<'_>) -> Result<Vec<Prediction>> {
    let mut room = Room::new();
    let plans = questions.iter().map(|question| Plan::new(question, parts, &mut room));
    let plans = plans.collect::<Result<Vec<_>>>()?;
    let planned = plans.iter().zip(questions);
    let (mut requests, mut whole) = (Vec::new(), Vec::new());
    for (plan, question) in planned.clone() {
        let asked = plan.requests(question);
        whole.extend(asked.iter().map(|_| parts && plan.is_whole()));
        requests.extend(asked);
    }
    let mut answers = predict_each(&requests, &whole, cancel)?.into_iter();
    planned.map(|(plan, question)| plan.answer(question, &mut answers, parts)).collect()
}

/// Answers requests in order, with parts where `parts` says so.
fn predict_each(
    requests: &[Request<'_>],
    parts: &[bool],
    cancel: Cancel<'_>,
) -> Result<Vec<Prediction>> {
    let those = |wanted: bool| {
        let those = requests.iter().zip(parts).filter(|(_, parts)| **parts == wanted);
        predict(&those.map(|(request, _)| *request).collect::<Vec<_>>(), wanted, cancel)
    };
    let (mut with, mut without) = (those(true)?.into_iter(), those(false)?.into_iter());
    let next = |&parts: &bool| if parts { with.next() } else { without.next() };
    Ok(parts.iter().filter_map(next).collect())
}
