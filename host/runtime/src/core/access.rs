//! What one node of a run may ask of the host: networks, pictures, the log.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use amdm::error::{Code, Error};
use amdm_diffusion::pixels::{self, Filter};
use amdm_diffusion::{
    Codec, Conditioning, Denoiser, Device, NoiseLevel, Prediction, Question, Tensor, TextEncoder,
    Tiling,
};

use super::Job;
use super::text::{clean, short};
use crate::cache::Read;
use crate::failure::NodeRef;
use crate::pictures::label;
use crate::report::{Event, Level};
use crate::value::{Object, Value};

/// One node of one run, and all that it may ask for. Clones are the same node.
#[derive(Clone)]
pub struct Access {
    pub(crate) job: Arc<Job>,
    seat: Arc<Seat>,
}

/// What is the node's own.
struct Seat {
    node: NodeRef,
    /// Whether it is a step operator, which has a sampler above it.
    operator: bool,
    /// Policies that it has open.
    policies: AtomicUsize,
}

impl Access {
    /// That of `node` in `job`.
    pub(crate) fn new(job: &Arc<Job>, node: NodeRef) -> Self {
        Self::with(job, node, false)
    }

    /// That of the step operator `node` in `job`.
    pub(crate) fn of_operator(job: &Arc<Job>, node: NodeRef) -> Self {
        Self::with(job, node, true)
    }

    fn with(job: &Arc<Job>, node: NodeRef, operator: bool) -> Self {
        let seat = Arc::new(Seat { node, operator, policies: AtomicUsize::new(0) });
        Self { job: job.clone(), seat }
    }

    /// Whether it is a step operator's.
    pub(crate) fn is_operator(&self) -> bool {
        self.seat.operator
    }

    /// How many policies the node has open.
    pub(super) fn policies(&self) -> &AtomicUsize {
        &self.seat.policies
    }

    /// The node of the graph.
    pub fn node(&self) -> &NodeRef {
        &self.seat.node
    }

    /// Where tensors live.
    pub fn device(&self) -> &Device {
        &self.job.means.device
    }

    /// Whether the run is being stopped.
    pub fn cancelled(&self) -> bool {
        self.job.cancel.is_set()
    }

    /// Notes that the result depends on something that the graph does not name, so that it is not
    /// kept for later runs.
    pub fn depends_on_more(&self) {
        self.job.saw(Read::Other);
    }

    /// Fails where one operation would read more than a node may hold: repeated operands cost
    /// nothing to hold.
    ///
    /// # Errors
    /// `limit_exceeded`.
    pub(crate) fn affordable<'a>(
        &self,
        operands: impl IntoIterator<Item = &'a Tensor>,
    ) -> Result<(), Error> {
        let found =
            operands.into_iter().fold(0, |sum: usize, tensor| sum.saturating_add(tensor.bytes()));
        let limit = self.job.limits.node_tensor_bytes;
        if found <= limit {
            return Ok(());
        }
        let message = format!("found operands of {found} bytes, at most {limit} are read at once");
        Err(Error::new(Code::LimitExceeded, message))
    }
}

/// Values that are read back.
impl Access {
    /// Fails for a tensor with more values than a node may read back at once.
    ///
    /// # Errors
    /// `limit_exceeded`.
    pub(crate) fn readable(&self, tensor: &Tensor) -> Result<(), Error> {
        let found = tensor.extents().iter().map(|&extent| u64::from(extent)).product::<u64>();
        let limit = self.job.limits.read_values;
        if found <= limit as u64 {
            return Ok(());
        }
        let message =
            format!("found {found} values to read back, at most {limit} are given to a node");
        Err(Error::new(Code::LimitExceeded, message))
    }
}

/// What people see of it.
impl Access {
    /// `step` of `total` are done.
    pub fn progress(&self, step: u32, total: u32) {
        self.job.emit(Event::Progress { node: self.node().id.clone(), step, total });
    }

    /// Shows an unfinished latent of `model`, as the network sees it, where somebody looks.
    pub fn preview(&self, model: &Arc<dyn Denoiser>, latent: &Tensor) {
        self.job.preview(self.node(), model, latent);
    }

    /// Has editors show something on the node.
    ///
    /// # Errors
    /// `invalid_input` for what is no JSON, `limit_exceeded`.
    pub fn set_ui(&self, json: &str) -> Result<(), Error> {
        short(json, "a ui")?;
        let ui = serde_json::from_str(json)
            .map_err(|error| Error::invalid(format!("found a ui that is no JSON: {error}")))?;
        self.job.show(self.node(), ui);
        Ok(())
    }

    /// Writes to the log; a warning also goes into the run's result.
    pub fn log(&self, level: Level, message: &str) {
        self.job.log(self.node(), level, &clean(message));
    }
}

/// Networks.
impl Access {
    /// A network by name: built in, in the model directories, or registered.
    ///
    /// # Errors
    /// As [`Models::load`](amdm_diffusion::Models::load); `limit_exceeded`, `cancelled`.
    pub fn load_model(&self, name: &str, options_json: &str) -> Result<Arc<dyn Denoiser>, Error> {
        self.job.cancel.check()?;
        self.job.saw(Read::Model(name.to_owned()));
        short(options_json, "model options")?;
        self.job.means.models.load(name, options_json)
    }

    /// Names of a kind that the host knows, such as `models`.
    pub fn list_names(&self, kind: &str) -> Vec<String> {
        self.job.saw(Read::Other);
        self.job.means.models.names(kind)
    }

    /// The timesteps that `model` recommends for a number of steps, first to last.
    ///
    /// # Errors
    /// Those of the model; `limit_exceeded`, `cancelled`.
    pub fn timesteps(&self, model: &dyn Denoiser, steps: u32) -> Result<Vec<f64>, Error> {
        self.job.cancel.check()?;
        amdm_diffusion::timesteps(model, steps)
    }

    /// `model` with a small weight set attached; base weights stay shared.
    ///
    /// # Errors
    /// `unsupported` where the model takes none; `limit_exceeded`, `cancelled`.
    pub fn with_adapter(
        &self,
        model: &dyn Denoiser,
        name: &str,
        options_json: &str,
    ) -> Result<Arc<dyn Denoiser>, Error> {
        self.job.cancel.check()?;
        self.job.saw(Read::Adapter(name.to_owned()));
        short(options_json, "adapter options")?;
        self.job.means.models.with_adapter(model, name, options_json)
    }

    /// A condition of `model` from JSON that fits its schema, and named tensors.
    ///
    /// # Errors
    /// Those of the model; `limit_exceeded`, `cancelled`.
    pub fn condition(
        &self,
        model: &dyn Denoiser,
        json: &str,
        parts: &[(&str, &Tensor)],
    ) -> Result<Conditioning, Error> {
        self.job.cancel.check()?;
        short(json, "a condition")?;
        model.condition(json, parts)
    }

    /// The codec called `name`, in a file of its own.
    ///
    /// # Errors
    /// As [`Models::codec`](amdm_diffusion::Models::codec); `cancelled`.
    pub fn load_codec(&self, name: &str) -> Result<Arc<dyn Codec>, Error> {
        self.job.cancel.check()?;
        self.job.saw(Read::Codec(name.to_owned()));
        self.job.means.models.codec(name)
    }

    /// Image [batch, height, width, channels] in [0, 1] to latent.
    ///
    /// # Errors
    /// Those of the codec; `cancelled`.
    pub fn encode(
        &self,
        codec: &dyn Codec,
        image: &Tensor,
        tiles: Option<Tiling>,
    ) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        codec.encode(image, tiles, &|| self.job.cancel.is_set())
    }

    /// Latent to image [batch, height, width, channels] in [0, 1].
    ///
    /// # Errors
    /// Those of the codec; `cancelled`.
    pub fn decode(
        &self,
        codec: &dyn Codec,
        latent: &Tensor,
        tiles: Option<Tiling>,
    ) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        codec.decode(latent, tiles, &|| self.job.cancel.is_set())
    }

    /// A `CONDITIONING` of one entry from a prompt.
    ///
    /// # Errors
    /// Those of the encoder; `limit_exceeded`, `cancelled`.
    pub fn encode_text(&self, encoder: &dyn TextEncoder, prompt: &str) -> Result<Object, Error> {
        self.job.cancel.check()?;
        short(prompt, "a prompt")?;
        let encoding = encoder.encode(prompt, &|| self.job.cancel.is_set())?;
        let warn = |warning: &String| self.log(Level::Warn, warning);
        encoding.warnings.iter().for_each(warn);
        Object::from_embedding(encoding.embedding)
    }

    /// The level at `timestep` of latents that are `signal * x0 + noise * epsilon`.
    ///
    /// # Errors
    /// `invalid_input` where these are no levels: not finite, below 0, or both 0.
    pub fn level(timestep: f64, signal: f64, noise: f64) -> Result<NoiseLevel, Error> {
        let fits = |value: f64| value.is_finite() && value >= 0.0;
        if fits(signal) && fits(noise) && signal + noise > 0.0 {
            return Ok(NoiseLevel { timestep, signal, noise });
        }
        Err(Error::invalid(format!(
            "found signal {signal} and noise {noise}, expected numbers from 0, not both 0"
        )))
    }

    /// Predictions of one step, in order, counted and timed; with `parts` the conditional and
    /// unconditional ones as well.
    ///
    /// # Errors
    /// Those of the models; `limit_exceeded` for more requests than lanes may be; `cancelled`.
    pub fn predict(
        &self,
        questions: &[Question<'_>],
        parts: bool,
    ) -> Result<Vec<Prediction>, Error> {
        let job = &self.job;
        job.cancel.check()?;
        within_lanes(questions.len())?;
        let stopped = || job.cancel.is_set();
        let predict = || amdm_diffusion::ask(questions, parts, &stopped);
        let predictions = job.time_networks(predict)?;
        job.count_passes(questions.len() as u64);
        Ok(predictions)
    }
}

/// Fails for more requests than lanes may be.
///
/// # Errors
/// `limit_exceeded`.
pub(crate) fn within_lanes(found: usize) -> Result<(), Error> {
    let limit = amdm::math::state::LANES as usize;
    if found <= limit {
        return Ok(());
    }
    let message = format!("found {found} requests in one step, expected at most {limit}");
    Err(Error::new(Code::LimitExceeded, message))
}

/// Pictures, and values in memory.
impl Access {
    /// A picture of the run's inputs: `[1, height, width, 3 or 4]` in [0, 1].
    ///
    /// # Errors
    /// `not_found`, `denied` outside the directory, `unsupported`, `limit_exceeded`, `cancelled`.
    pub fn load_image(&self, name: &str) -> Result<Tensor, Error> {
        let job = &self.job;
        job.cancel.check()?;
        job.saw(Read::Picture(name.to_owned()));
        let limit = job.limits.node_tensor_bytes.min(amdm::limits::TENSOR_BYTES);
        job.means.inputs.load(self.device(), name, limit)
    }

    /// A value in memory that the run was given under a name.
    ///
    /// # Errors
    /// `not_found`, `cancelled`.
    pub fn given(&self, name: &str) -> Result<Value, Error> {
        let job = &self.job;
        job.cancel.check()?;
        job.saw(Read::Given(name.to_owned()));
        let none =
            || Error::new(Code::NotFound, format!("found no value in memory called {name:?}"));
        job.means.inputs.given(name).map(|given| given.value().clone()).ok_or_else(none)
    }

    /// Writes one picture an image, with the graph inside, and keeps them for who embeds the run;
    /// gives the names written. `temporary` ones are kept, not written.
    ///
    /// # Errors
    /// `denied` for a prefix that leads out of the output directory, `limit_exceeded` for more than
    /// a run may keep, `input_output`, `cancelled`.
    pub fn save_image(
        &self,
        temporary: bool,
        prefix: &str,
        image: &Tensor,
    ) -> Result<Vec<String>, Error> {
        let job = &self.job;
        job.cancel.check()?;
        let pictures = match temporary {
            true => Vec::new(),
            false => job.means.outputs.save(&self.node().id, prefix, image, &job.cancel)?,
        };
        let names = pictures.iter().map(|picture| picture.name.clone()).collect();
        job.saved(self.node(), pictures);
        job.keep_image(self.node(), image)?;
        Ok(names)
    }

    /// Writes a file with the values of a latent, with the graph inside; gives its name, or none
    /// where pictures are not written.
    ///
    /// # Errors
    /// As [`Access::save_image`].
    pub fn save_latent(&self, prefix: &str, latent: &Tensor) -> Result<Option<String>, Error> {
        let job = &self.job;
        job.cancel.check()?;
        let (id, outputs) = (&self.node().id, &job.means.outputs);
        let written = outputs.save_latent(id, prefix, latent, &job.cancel)?;
        let name = written.as_ref().map(|file| file.name.clone());
        job.saved(self.node(), written.into_iter().collect());
        Ok(name)
    }

    /// An image in another size, in pixels.
    ///
    /// # Errors
    /// `invalid_input` for what is no image, `limit_exceeded`, `cancelled`.
    pub fn resize(
        &self,
        image: &Tensor,
        (width, height): (u32, u32),
        filter: Filter,
    ) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        pixels::resize(image, width, height, filter)
    }

    /// A mask `[batch, height, width]` grown by so many pixels, or shrunk where negative.
    ///
    /// # Errors
    /// As [`pixels::grow`]; `cancelled`.
    pub fn grow(&self, mask: &Tensor, by: i32, tapered: bool) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        pixels::grow(mask, by, tapered)
    }

    /// Edges of an image: `[batch, height, width, 3]`, 0 or 1.
    ///
    /// # Errors
    /// As [`pixels::edges`]; `cancelled`.
    pub fn edges(&self, image: &Tensor, low: f64, high: f64) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        pixels::edges(image, low, high)
    }

    /// Lines of text on a plain ground: `[1, height, width, 3]`, letters of `size` pixels.
    ///
    /// # Errors
    /// `limit_exceeded` for too big a label, `invalid_input` for a size that is none, `cancelled`.
    pub fn draw_text(
        &self,
        text: &str,
        (width, height): (u32, u32),
        size: f32,
    ) -> Result<Tensor, Error> {
        self.job.cancel.check()?;
        let drawn = label::draw(text, width, height, size)?;
        Tensor::from_f32(self.device(), &[1, height, width, 3], drawn)
    }
}
