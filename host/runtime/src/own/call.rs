//! One execution of a native node: what it is given, what it may ask for, and what it gives.

use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::Error;
use amdm_diffusion::{Denoiser, Device, Prediction, Request, Tensor};

use crate::cache::Read;
use crate::contract::{self, Call};
use crate::failure::{Failure, NodeRef};
use crate::run::{Event, Level, Shared};
use crate::value::Value;

/// The interface `runtime` of the contract, and what `models` and `images` need of the run.
#[derive(Clone)]
pub struct NodeCall {
    run: Arc<Shared>,
    node: NodeRef,
    call: Arc<Call>,
}

impl NodeCall {
    pub(crate) fn new(run: &Arc<Shared>, node: &NodeRef, call: Call) -> Self {
        Self { run: run.clone(), node: node.clone(), call: Arc::new(call) }
    }

    /// The node of the graph.
    pub fn node(&self) -> &NodeRef {
        &self.node
    }

    /// What its class is.
    pub fn descriptor(&self) -> &Descriptor {
        self.call.descriptor()
    }

    /// Where tensors live.
    pub fn device(&self) -> &Device {
        &self.run.device
    }

    /// The value of an input, validated and with its default filled in; none where there is none.
    pub fn input(&self, name: &str) -> Option<Value> {
        self.call.input(name)
    }

    /// The members of an open-ended group (`image_1`, `image_2`, ...), in order.
    pub fn inputs(&self, prefix: &str) -> Vec<(String, Value)> {
        self.call.members(prefix)
    }

    /// Sets an output.
    ///
    /// # Errors
    /// `pack_mismatch` for one that the descriptor does not name, or a value of another type;
    /// `limit_exceeded` for more than a node may hold; `cancelled`.
    pub fn set_output(&self, name: &str, value: Value) -> Result<(), Failure> {
        self.run.cancel.check()?;
        self.call.accept(name, value)
    }

    /// Whether anything in the graph uses this output.
    pub fn output_wanted(&self, name: &str) -> bool {
        self.call.wants(name)
    }

    /// Has editors show something on the node.
    ///
    /// # Errors
    /// `invalid_input` for what is no JSON, `limit_exceeded`.
    pub fn set_ui(&self, json: &str) -> Result<(), Error> {
        contract::show(&self.run, &self.node, json)
    }

    /// `step` of `total` are done.
    pub fn progress(&self, step: u32, total: u32) {
        self.run.emit(Event::Progress { node: self.node.id.clone(), step, total });
    }

    /// Shows an unfinished latent of `model`, where somebody looks.
    pub fn preview(&self, model: &Arc<dyn Denoiser>, latent: &Tensor) {
        self.run.preview(&self.node, model, latent);
    }

    /// Whether the run is being stopped.
    pub fn cancelled(&self) -> bool {
        self.run.cancel.is_set()
    }

    /// Writes to the log; a warning also goes into the run's result.
    pub fn log(&self, level: Level, message: &str) {
        self.run.log(&self.node, level, &contract::clean(message));
    }

    /// A network by name: built in, in the model directories, or registered.
    ///
    /// # Errors
    /// As [`Models::load`](amdm_diffusion::Models::load); `cancelled`.
    pub fn load_model(&self, name: &str, options_json: &str) -> Result<Arc<dyn Denoiser>, Error> {
        contract::load_model(&self.run, name, options_json)
    }

    /// Predictions of one step, in order; with `parts` the conditional and unconditional ones as well.
    ///
    /// # Errors
    /// Those of the models; `limit_exceeded` for more requests than lanes may be; `cancelled`.
    pub fn predict(&self, requests: &[Request<'_>], parts: bool) -> Result<Vec<Prediction>, Error> {
        contract::predict(&self.run, requests, parts)
    }

    /// A picture of the run's inputs: `[1, height, width, 3 or 4]` in [0, 1].
    ///
    /// # Errors
    /// `not_found`, `denied` outside the directory, `unsupported`, `limit_exceeded`, `cancelled`.
    pub fn load_image(&self, name: &str) -> Result<Tensor, Error> {
        contract::load_image(&self.run, name)
    }

    /// Writes one picture an image, with the graph inside, and keeps them for who embeds the run;
    /// gives the names written. `temporary` ones are kept, not written.
    ///
    /// # Errors
    /// `denied` for a prefix that leads out of the output directory, `input_output`, `cancelled`.
    pub fn save_image(
        &self,
        temporary: bool,
        prefix: &str,
        image: &Tensor,
    ) -> Result<Vec<String>, Error> {
        contract::save_image(&self.run, &self.node, temporary, prefix, image)
    }

    /// Lines of text on a plain ground: `[1, height, width, 3]`, letters of `size` pixels.
    ///
    /// # Errors
    /// `limit_exceeded` for too big a label, `invalid_input` for a size that is none.
    pub fn draw_text(
        &self,
        text: &str,
        (width, height): (u32, u32),
        size: f32,
    ) -> Result<Tensor, Error> {
        let pixels = crate::pictures::label::draw(text, width, height, size)?;
        Tensor::from_f32(&self.run.device, &[1, height, width, 3], pixels)
    }

    /// Notes that the result depends on something that the graph does not name, so that it is not
    /// kept for later runs.
    pub fn depends_on_more(&self) {
        self.run.saw(Read::Other);
    }

    /// What was set.
    pub(crate) fn outputs(&self) -> contract::Outputs {
        self.call.outputs()
    }
}
