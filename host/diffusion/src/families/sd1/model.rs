//! A checkpoint as the rest sees it: a network, whose file may also hold a codec and a text encoder.
//!
//! Each part is loaded when it is first asked for.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use amdm::error::{Code, Error};
use amdm::math::Solver;
use amdm::math::Tensor as _;
use amdm::math::schedule::{Spacing, scaled_linear_cumulative};

use super::codec::SdCodec;
use super::family::unlike;
use super::text::SdText;
use super::{FAMILY, Facts, LATENT_SHAPE, PIXELS, Unet, preview};
use crate::weights::{Architecture, Checkpoint, Part};
use crate::{
    Cancel, Codec, Conditioning, Denoiser, Device, Embedding, LatentInfo, ModelInfo, Prediction,
    PredictionKind, Request, Result, Tensor, TextEncoder, error,
};

/// Latents of this space can be mixed and sampled by all models of the family.
const LATENT_SPACE: &str = "sd1";
/// What networks see of a codec's latents is multiplied by this.
const SCALE: f64 = 0.18215;
/// Training steps, and their first and last beta.
const STEPS: u32 = 1000;
const BETAS: (f64, f64) = (0.00085, 0.012);
/// Rows of one network call: a guided prediction of one latent. More fill the cores no better and
/// take more memory.
const ROWS: usize = 2;

/// A model of Stable Diffusion 1.x.
pub(super) struct Model {
    info: ModelInfo,
    shared: Arc<Shared>,
}

/// The parts of a checkpoint.
pub(super) struct Shared {
    pub name: String,
    pub device: Device,
    pub checkpoint: Checkpoint,
    /// Folders of textual inversions.
    pub embeddings: Vec<PathBuf>,
    network: OnceLock<Unet>,
    codec: OnceLock<Arc<SdCodec>>,
    text: OnceLock<Arc<SdText>>,
    /// What an empty prompt is encoded as.
    empty: OnceLock<Embedding>,
}

/// What latents of the family are.
pub(super) fn latent() -> LatentInfo {
    LatentInfo { space: LATENT_SPACE.into(), pixels: PIXELS, scale: vec![SCALE], shift: vec![0.0] }
}

impl Model {
    /// The model in `checkpoint`.
    ///
    /// # Errors
    /// `unsupported` for a checkpoint of another architecture.
    pub fn new(
        name: &str,
        checkpoint: Checkpoint,
        embeddings: Vec<PathBuf>,
        device: &Device,
    ) -> Result<Self> {
        match checkpoint.architecture() {
            Architecture::StableDiffusion1 => {}
            found => return Err(unlike(name, found)),
        }
        let alphas = scaled_linear_cumulative(STEPS, BETAS.0, BETAS.1);
        let said =
            checkpoint.scheduler().and_then(|scheduler| scheduler["prediction_type"].as_str());
        let prediction = match said {
            Some("v_prediction") => PredictionKind::Velocity,
            _ => PredictionKind::Epsilon,
        };
        let info = ModelInfo {
            name: name.into(),
            family: FAMILY.into(),
            prediction,
            latent_shape: LATENT_SHAPE.into(),
            latent: latent(),
            final_alpha: alphas.first().copied().unwrap_or(1.0),
            alphas_cumprod: alphas,
            clip: None,
            conditioning_schema: String::new(),
        };
        let shared = Shared {
            name: name.into(),
            device: device.clone(),
            checkpoint,
            embeddings,
            network: OnceLock::new(),
            codec: OnceLock::new(),
            text: OnceLock::new(),
            empty: OnceLock::new(),
        };
        Ok(Self { info, shared: Arc::new(shared) })
    }

    fn check(&self, request: &Request<'_>) -> Result<()> {
        let name = &self.info.name;
        if !request.latent.device().is_same(&self.shared.device) {
            let (found, expected) = (request.latent.device().name(), self.shared.device.name());
            return Err(Error::invalid(format!(
                "found a latent on {found}, model {name} runs on {expected}"
            )));
        }
        match *request.latent.extents() {
            [_, found, _, _] if found == LATENT_SHAPE[0] => {}
            ref found => {
                let expected = LATENT_SHAPE[0];
                return Err(Error::invalid(format!(
                    "found latent {found:?}, model {name} expects [batch, {expected}, height, \
                     width]"
                )));
            }
        }
        let last = f64::from(STEPS - 1);
        if !(0.0..=last).contains(&request.level.timestep) {
            let found = request.level.timestep;
            return Err(Error::invalid(format!("found timestep {found}, expected 0 to {last}")));
        }
        if !request.guidance.is_finite() {
            let found = request.guidance;
            return Err(Error::invalid(format!("found guidance {found}, expected a number")));
        }
        Ok(())
    }

    /// What the network attends to for a condition.
    fn context(&self, conditioning: &Conditioning) -> Result<Tensor> {
        let name = &self.info.name;
        let Some(embedding) = conditioning.find::<Embedding>() else {
            let found = conditioning.family();
            return Err(Error::invalid(format!(
                "found a conditioning made by {found}, model {name} expects one made by a text \
                 encoder"
            )));
        };
        match *embedding.rows.extents() {
            [1, tokens, _] if tokens > 0 => Ok(embedding.rows.clone()),
            ref found => Err(Error::invalid(format!(
                "found an embedding of shape {found:?}, model {name} expects [1, tokens, width]"
            ))),
        }
    }
}

/// One row of a network call.
struct Row {
    latent: Tensor,
    timestep: f64,
    context: Tensor,
}

impl Row {
    fn fits(&self, other: &Self) -> bool {
        self.latent.extents() == other.latent.extents()
            && self.context.extents() == other.context.extents()
    }
}

impl Denoiser for Model {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        Spacing::Leading.timesteps(Solver::Ddim, steps, STEPS, |_| Ok(Vec::new()))
    }

    fn condition(&self, _: &str, _: &[(&str, &Tensor)]) -> Result<Conditioning> {
        let name = &self.info.name;
        Err(error::unsupported(format!(
            "model {name} takes prompts, not JSON: encode one with its text encoder"
        )))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Ok(self.shared.codec()?)
    }

    fn text_encoder(self: Arc<Self>) -> Result<Arc<dyn TextEncoder>> {
        Ok(self.shared.text()?)
    }

    fn preview(self: Arc<Self>, latent: &Tensor, _: Cancel<'_>) -> Result<Tensor> {
        preview::image(&latent.affine(SCALE, 0.0)?)
    }

    fn predict(
        &self,
        requests: &[Request<'_>],
        parts: bool,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let mut rows = Vec::new();
        for request in requests {
            self.check(request)?;
            let mut contexts = vec![self.context(request.positive)?];
            if request.needs_unconditional(parts) {
                contexts.push(match request.negative {
                    Some(negative) => self.context(negative)?,
                    None => self.shared.empty(cancel)?.rows.clone(),
                });
            }
            let batch = request.latent.extents().first().copied().unwrap_or(0);
            for context in contexts {
                for place in 0..batch {
                    let latent = request.latent.narrow(0, place, 1)?;
                    let timestep = request.level.timestep;
                    rows.push(Row { latent, timestep, context: context.clone() });
                }
            }
        }
        let mut answers = self.shared.run(&rows, cancel)?.into_iter();
        requests
            .iter()
            .map(|request| {
                let batch = request.latent.extents().first().copied().unwrap_or(0) as usize;
                let mut answer = || -> Result<Tensor> {
                    let rows: Vec<Tensor> = answers.by_ref().take(batch).collect();
                    Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0)
                };
                let conditional = answer()?;
                let needed = request.needs_unconditional(parts);
                let unconditional = if needed { Some(answer()?) } else { None };
                Prediction::guide(conditional, unconditional, request.guidance, parts)
            })
            .collect()
    }
}

impl Shared {
    /// The network; its bytes come from the disk when it is first asked for.
    fn network(&self, cancel: Cancel<'_>) -> Result<&Unet> {
        once(&self.network, || {
            let weights = self.part(Part::Unet, "network")?;
            weights.fetch(cancel, |_, _| {})?;
            let network = Unet::load(&weights, Facts::default())?;
            let (found, expected) = (network.channels(), LATENT_SHAPE[0]);
            if found == expected as usize {
                return Ok(network);
            }
            let name = &self.name;
            let message =
                format!("model {name} takes {found} channels of latents, expected {expected}");
            Err(error::unsupported(message))
        })
    }

    fn codec(self: &Arc<Self>) -> Result<Arc<SdCodec>> {
        let load = || Ok(Arc::new(SdCodec::load(&self.name, &self.part(Part::Vae, "codec")?)?));
        once(&self.codec, load).cloned()
    }

    fn text(self: &Arc<Self>) -> Result<Arc<SdText>> {
        let load = || {
            let weights = self.part(Part::Text, "text encoder")?;
            let said = self.checkpoint.configuration(Part::Text);
            let heads = said.and_then(|said| said["num_attention_heads"].as_u64());
            Ok(Arc::new(SdText::load(&self.name, &weights, heads, self.embeddings.clone())?))
        };
        once(&self.text, load).cloned()
    }

    /// The condition of an empty prompt.
    fn empty(self: &Arc<Self>, cancel: Cancel<'_>) -> Result<&Embedding> {
        once(&self.empty, || Ok(self.text()?.encode("", cancel)?.embedding))
    }

    /// The weights of a part.
    fn part(&self, part: Part, what: &str) -> Result<crate::weights::Weights<'_>> {
        if self.checkpoint.files(part).is_empty() {
            let name = &self.name;
            let message = format!("model {name} has no {what} in its file: load one by itself");
            return Err(Error::new(Code::NotFound, message));
        }
        self.checkpoint.weights(part, &self.device)
    }

    /// The network's answers to rows, in order, as many at once as fit each other.
    fn run(&self, rows: &[Row], cancel: Cancel<'_>) -> Result<Vec<Tensor>> {
        let network = self.network(cancel)?;
        let mut answers = Vec::with_capacity(rows.len());
        let mut left = rows;
        while let Some(first) = left.first() {
            let alike = left.iter().take(ROWS).take_while(|row| row.fits(first)).count();
            let (some, rest) = left.split_at(alike);
            let of = |pick: fn(&Row) -> &Tensor| {
                Tensor::concat(&some.iter().map(pick).collect::<Vec<_>>(), 0)
            };
            let (latent, context) = (of(|row| &row.latent)?, of(|row| &row.context)?);
            let timesteps = some.iter().map(|row| row.timestep).collect::<Vec<_>>();
            let answer = network.predict(&latent, &timesteps, &context, &[], cancel)?;
            for place in 0..alike as u32 {
                answers.push(answer.narrow(0, place, 1)?);
            }
            left = rest;
        }
        Ok(answers)
    }
}

/// What `cell` holds, loaded at the first call. Two calls at once may both load; one result stays.
fn once<T>(cell: &OnceLock<T>, load: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let loaded = load()?;
    Ok(cell.get_or_init(|| loaded))
}
