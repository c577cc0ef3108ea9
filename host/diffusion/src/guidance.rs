//! All predictions of one step: requests grouped by model, answered in order.
//!
//! Groups run at once on the device's threads, so that two lanes over two models overlap as two
//! lanes over one model do. What a request gets never depends on the others of its step.

use std::sync::Arc;

use amdm::error::{Code, Error};
use rayon::prelude::*;

use crate::denoiser::cancelled;
use crate::{Cancel, Denoiser, Prediction, Request, Result};

/// Answers the requests of one step, over any number of models, in order.
///
/// With `parts` the conditional and unconditional predictions come as well.
///
/// # Errors
/// The first error in the order of the requests' models; `cancelled` once `cancel` says so.
pub fn predict(
    requests: &[Request<'_>],
    parts: bool,
    cancel: Cancel<'_>,
) -> Result<Vec<Prediction>> {
    if cancel() {
        return Err(cancelled());
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
    let answers: Result<Vec<Vec<Prediction>>> = match (groups.as_slice(), requests.first()) {
        ([_, _, ..], Some(first)) if first.latent.device().threads() > 1 => {
            first.latent.device().install(|| groups.par_iter().map(answer).collect())
        }
        _ => groups.iter().map(answer).collect(),
    };
    let mut all: Vec<(usize, Prediction)> =
        groups.into_iter().flatten().zip(answers?.into_iter().flatten()).collect();
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
