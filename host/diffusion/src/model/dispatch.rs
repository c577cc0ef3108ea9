//! What a sampling asks of networks: the timesteps of its schedule, and all predictions of one
//! step, requests grouped by model and answered in order.
//!
//! Groups run at once on the device's threads, so that two lanes over two models overlap as two
//! lanes over one model do; models of an embedder's are asked on this thread meanwhile. What a
//! request gets never depends on the others of its step.

use std::sync::Arc;

use amdm::error::{Code, Error};

use super::{Cancel, Denoiser, Prediction, Request};
use crate::Result;
use crate::error::{self, cancelled};

/// Most timesteps that a model is asked for: training has 1,000.
const STEPS_MAX: u32 = 100_000;

/// The timesteps that `model` recommends for a number of steps, first to last.
///
/// # Errors
/// Those of the model; `limit_exceeded` for more than 100,000, `internal` where it gives another
/// number of them.
pub fn timesteps(model: &dyn Denoiser, steps: u32) -> Result<Vec<f64>> {
    if steps > STEPS_MAX {
        let message = format!("found {steps} steps to plan, expected at most {STEPS_MAX}");
        return Err(Error::new(Code::LimitExceeded, message));
    }
    let timesteps = model.timesteps(steps)?;
    if timesteps.len() == steps as usize {
        return Ok(timesteps);
    }
    let (name, found) = (&model.info().name, timesteps.len());
    let message = format!("model {name} gave {found} timesteps, expected {steps}");
    Err(Error::new(Code::Internal, message))
}

/// Answers the requests of one step, over any number of models, in order.
///
/// With `parts` the conditional and unconditional predictions come as well.
///
/// # Errors
/// The first error in the order of the requests' models; `cancelled` once `cancel` says so;
/// `unsupported` for parts of a model that gives none, before any network runs.
pub fn predict(
    requests: &[Request<'_>],
    parts: bool,
    cancel: Cancel<'_>,
) -> Result<Vec<Prediction>> {
    if cancel() {
        return Err(cancelled());
    }
    if let Some(request) = requests.iter().find(|r| parts && !r.model.gives_parts()) {
        let name = &request.model.info().name;
        let message = format!(
            "model {name} does not give conditional and unconditional predictions apart, which a \
             step operator asks for"
        );
        return Err(error::unsupported(message));
    }
    let groups = group(requests);
    let answer = |indices: &Vec<usize>| -> Result<Vec<Prediction>> {
        let asked: Vec<Request<'_>> = indices.iter().map(|&i| requests[i]).collect();
        let Some(first) = asked.first() else { return Ok(Vec::new()) };
        let answers = first.model.predict(&asked, parts, cancel)?;
        if answers.len() == asked.len() {
            return Ok(answers);
        }
        let (name, found, expected) = (&first.model.info().name, answers.len(), asked.len());
        let message = format!("model {name} gave {found} predictions, expected {expected}");
        Err(Error::new(Code::Internal, message))
    };
    let stays = |group: &&Vec<usize>| {
        group.first().is_some_and(|&first| requests[first].model.stays_on_thread())
    };
    let answers: Vec<Result<Vec<Prediction>>> = match (groups.as_slice(), requests.first()) {
        ([_, _, ..], Some(first)) if first.latent.device().threads() > 1 => {
            let mut answers: Vec<_> = groups.iter().map(|_| None).collect();
            first.latent.device().in_place_scope(|scope| {
                let mut here = Vec::new();
                for (group, answer_to) in groups.iter().zip(&mut answers) {
                    if stays(&group) {
                        here.push((group, answer_to));
                    } else {
                        let answer = &answer;
                        scope.spawn(move |_| *answer_to = Some(answer(group)));
                    }
                }
                here.into_iter().for_each(|(group, answer_to)| *answer_to = Some(answer(group)));
            });
            answers.into_iter().flatten().collect()
        }
        _ => groups.iter().map(answer).collect(),
    };
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    let mut all: Vec<(usize, Prediction)> =
        groups.into_iter().flatten().zip(answers.into_iter().flatten()).collect();
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, prediction)| prediction).collect())
}

/// Indices of requests by model, both in order of appearance.
fn group(requests: &[Request<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&Arc<dyn Denoiser>, Vec<usize>)> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        match groups.iter_mut().find(|(model, _)| Arc::ptr_eq(model, request.model)) {
            Some((_, indices)) => indices.push(index),
            None => groups.push((request.model, vec![index])),
        }
    }
    groups.into_iter().map(|(_, indices)| indices).collect()
}
