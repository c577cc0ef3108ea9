//! What a sampler asks at one step: conditions as lists of entries, evaluated once for all families.

use std::sync::Arc;

use amdm::error::Error;
use amdm::math::NoiseLevel;

use super::{Cancel, Conditioning, Denoiser, Prediction, Request, predict};
use crate::{Result, Tensor};

/// One entry of a `CONDITIONING`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the network is told.
    pub condition: Conditioning,
}

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
/// With `parts` the conditional and unconditional predictions come as well.
///
/// # Errors
/// `invalid_input` for a list of entries that cannot be evaluated; those of [`predict`].
pub fn ask(questions: &[Question<'_>], parts: bool, cancel: Cancel<'_>) -> Result<Vec<Prediction>> {
    let requests = questions.iter().map(|question| {
        Ok(Request {
            model: question.model,
            latent: question.latent,
            level: question.level,
            positive: one(question.positive)?,
            negative: question.negative.map(one).transpose()?,
            guidance: question.guidance,
            step: question.step,
            steps: question.steps,
        })
    });
    predict(&requests.collect::<Result<Vec<_>>>()?, parts, cancel)
}

/// The condition of the only entry.
fn one(entries: &[Entry]) -> Result<&Conditioning> {
    match entries {
        [entry] => Ok(&entry.condition),
        entries => {
            let found = entries.len();
            Err(Error::invalid(format!("found a condition of {found} entries, expected one")))
        }
    }
}
