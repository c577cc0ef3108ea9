//! What a denoising network is to the rest: its facts, conditions and predictions.
//!
//! The same contract as interface `models` in `wit/models.wit`. Networks are loaded once,
//! immutable, and shared by every lane and run, so everything here takes `&self` and may be called
//! from any thread.

use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::math::{NoiseLevel, PredictionKind, schedule};

use super::{Adapter, Codec, Conditioning, LatentInfo, Prediction, TextEncoder};
use crate::{Result, Tensor, error};

/// Answers whether the run is being stopped; asked between a network's blocks, from any thread.
pub type Cancel<'a> = &'a (dyn Fn() -> bool + Sync);

/// Facts about a network that schedules, samplers and editors need.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// The name that it was loaded by.
    pub name: String,
    /// `tiny`, `sd1` and so on: text encoders and conditions fit by it.
    pub family: String,
    /// What its output means.
    pub prediction: PredictionKind,
    /// One latent without the batch, at the native size: [channels, height, width] of pictures, other
    /// extents of sound or films.
    pub latent_shape: Vec<u32>,
    /// Models may be aggregated only where its space is equal: same latents, same forward process.
    pub latent: LatentInfo,
    /// Cumulative alphas of the training steps; empty for [`PredictionKind::Flow`].
    pub alphas_cumprod: Vec<f64>,
    /// Cumulative alpha that the last step goes to.
    pub final_alpha: f64,
    /// The clean latent is clamped to [-clip, clip] at every step, and epsilon recomputed from it.
    pub clip: Option<f64>,
    /// JSON Schema of what [`Denoiser::condition`] takes; empty for models that take prompts.
    pub conditioning_schema: String,
}

impl ModelInfo {
    /// The level of the model's forward process at a timestep.
    pub fn level(&self, timestep: f64) -> NoiseLevel {
        schedule::level(&self.alphas_cumprod, timestep)
    }
}

/// One lane's question at one step.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who answers.
    pub model: &'a Arc<dyn Denoiser>,
    /// The batch and the extents of one latent, such as [batch, channels, height, width], scaled as
    /// the network sees it.
    pub latent: &'a Tensor,
    /// Where the latent is on the forward process. Its timestep is in training steps, fractions
    /// allowed; in [0, 1] for flow models. [`ModelInfo::level`] gives that of a timestep.
    pub level: NoiseLevel,
    /// The condition of every row.
    pub positive: &'a Conditioning,
    /// What guidance leads away from; the model's own unconditional where missing.
    pub negative: Option<&'a Conditioning>,
    /// 1: the conditional prediction alone, a pass of one row instead of two unless parts are
    /// asked for.
    pub guidance: f64,
    /// This step, counted from 0, for adapters that act in a part of the schedule.
    pub step: u32,
    /// All steps.
    pub steps: u32,
}

impl Request<'_> {
    /// Whether the unconditional rows must run as well.
    #[allow(clippy::float_cmp)]
    pub fn needs_unconditional(&self, parts: bool) -> bool {
        parts || self.guidance != 1.0
    }
}

/// A denoising network. Implement it to register a model of your own with [`crate::Models`].
pub trait Denoiser: Send + Sync {
    /// Facts about it.
    fn info(&self) -> &ModelInfo;

    /// The timesteps that it recommends for a number of steps, first to last.
    ///
    /// # Errors
    /// Those of an embedder's model.
    fn timesteps(&self, steps: u32) -> Result<Vec<f64>>;

    /// A condition from JSON that fits [`ModelInfo::conditioning_schema`], and named tensors.
    ///
    /// # Errors
    /// `invalid_input` naming what was found and what was expected.
    fn condition(&self, json: &str, parts: &[(&str, &Tensor)]) -> Result<Conditioning>;

    /// What turns its latents into images and back.
    ///
    /// # Errors
    /// `not_found` where its file holds none, as unless implemented.
    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Err(lacks(self.info(), "codec"))
    }

    /// What turns prompts into its conditions.
    ///
    /// # Errors
    /// `not_found` where its file holds none, as unless implemented.
    fn text_encoder(self: Arc<Self>) -> Result<Arc<dyn TextEncoder>> {
        Err(lacks(self.info(), "text encoder"))
    }

    /// An image of an unfinished latent, as wires carry it, for people to look at while they wait;
    /// need not be exact. What the codec makes of it, unless implemented.
    ///
    /// # Errors
    /// Those of [`Codec::decode`].
    fn preview(self: Arc<Self>, latent: &Tensor, cancel: Cancel<'_>) -> Result<Tensor> {
        self.codec()?.decode(latent, None, cancel)
    }

    /// Answers requests to this model, in order. [`crate::predict`] calls it with all of a step.
    ///
    /// # Errors
    /// `invalid_input` for a latent, timestep or condition that does not fit, `cancelled` once
    /// `cancel` says so.
    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Prediction>>;

    /// Whether it must be asked on the thread that asks for the step, as code of an embedder's may
    /// have to; others may be asked on the device's threads.
    fn stays_on_thread(&self) -> bool {
        false
    }

    /// Whether it gives conditional and unconditional predictions apart where they are asked for.
    fn gives_parts(&self) -> bool {
        true
    }

    /// Whether equal questions always get equal answers. What depends on the answers of another one
    /// is never kept for later runs.
    fn is_deterministic(&self) -> bool {
        true
    }

    /// The same network with a small weight set attached; base weights stay shared.
    ///
    /// # Errors
    /// `unsupported` where the model takes none, as unless implemented.
    fn with_adapter(&self, adapter: &Adapter<'_>) -> Result<Arc<dyn Denoiser>> {
        let (model, name) = (&self.info().name, adapter.name);
        Err(error::unsupported(format!("model {model} takes no adapters, found `{name}`")))
    }
}

/// A model without such a part.
fn lacks(info: &ModelInfo, part: &str) -> Error {
    Error::new(Code::NotFound, format!("model {} has no {part}", info.name))
}
