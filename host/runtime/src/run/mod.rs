//! One run of one graph: what its nodes share, what it reports, and how it is executed.

mod demand;
mod event;
mod executor;
mod kept;
mod operator;
mod outcome;
mod result;
pub(crate) mod running;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use amdm::error::Error;
use amdm_diffusion::{Denoiser, Device, Models, Tensor};

pub(crate) use self::demand::{Fate, fates};
pub use self::event::{Event, Sink};
pub(crate) use self::executor::Executor;
pub use self::kept::{Kept, PreviewSink};
pub(crate) use self::operator::Operator;
pub use self::operator::OperatorSpec;
pub use self::outcome::{CacheState, NodeTime, Outcome, Saved, Seed, Versions};
pub use self::result::{OutputFile, RunResult, Status};
pub use self::running::{Place, Running};
use crate::cache::{Read, Results};
use crate::cancel::Cancel;
use crate::failure::NodeRef;
use crate::limits::Limits;
use crate::memory::{Budget, Ledger};
use crate::pictures::{Clock, Inputs, Outputs, Picture};
use crate::value::Value;

/// How to run a graph.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where pictures are written; made at need.
    pub output_dir: PathBuf,
    /// Whether pictures are not written but left in `kept` alone.
    pub in_memory: bool,
    /// Where `LoadImage` finds pictures; by default nowhere.
    pub inputs: Inputs,
    /// Whether the graph is left inside the pictures it makes.
    pub metadata: bool,
    /// Longest time for the whole run.
    pub timeout: Option<Duration>,
    /// What `%date:...%` in file names reads.
    pub clock: Clock,
    /// Where pictures, chosen outputs and previews are left in memory, for who embeds the run.
    pub kept: Option<Kept>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            output_dir: "output".into(),
            in_memory: false,
            inputs: Inputs::default(),
            metadata: true,
            timeout: None,
            clock: Clock::local(),
            kept: None,
        }
    }
}

/// What every instance of a run shares.
pub struct Shared {
    /// Stops the run.
    pub cancel: Cancel,
    /// Where tensors live.
    pub device: Device,
    /// Networks by name.
    pub models: Arc<Models>,
    /// Pictures to read.
    pub inputs: Inputs,
    /// Pictures to write.
    pub outputs: Outputs,
    /// Bounds.
    pub limits: Limits,
    /// Ticks of the engine's clock.
    pub ticks: Arc<AtomicU64>,
    /// Tensors and texts that the run's parts hold.
    pub tensors: Arc<Budget>,
    /// Linear memory of the run's instances.
    pub guests: Arc<Budget>,
    sink: Sink,
    passes: AtomicU64,
    network_nanos: AtomicU64,
    /// Results of earlier runs.
    pub(crate) results: Arc<Results>,
    notes: Mutex<Notes>,
    kept: Option<Kept>,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For who searches for an error.
    Trace,
    /// For who develops the node.
    Debug,
    /// Of interest.
    Info,
    /// People should know; goes into the run's result.
    Warn,
    /// Something failed.
    Error,
}

/// What nodes did besides setting outputs.
#[derive(Default)]
struct Notes {
    saved: Vec<Saved>,
    warnings: Vec<String>,
    /// What the node that runs looked at, its step operators included.
    seen: HashSet<Read>,
    /// What the node that runs had editors show.
    ui: Vec<serde_json::Value>,
    /// Whether the node that runs goes on from a checkpoint.
    resumed: bool,
}

/// Warnings of one run that are kept.
const WARNINGS: usize = 100;

impl Shared {
    /// A run that has not begun.
    pub(crate) fn new(
        cancel: Cancel,
        (device, models, results): (Device, Arc<Models>, Arc<Results>),
        (inputs, outputs): (Inputs, Outputs),
        limits: Limits,
        ticks: Arc<AtomicU64>,
        sink: Sink,
    ) -> Self {
        let tensors = Budget::new(limits.run_tensor_bytes, "tensors and texts");
        let guests = Budget::new(limits.run_guest_memory, "packs' memory");
        Self {
            cancel,
            device,
            models,
            inputs,
            outputs,
            limits,
            ticks,
            tensors,
            guests,
            sink,
            passes: AtomicU64::new(0),
            network_nanos: AtomicU64::new(0),
            results,
            notes: Mutex::default(),
            kept: None,
        }
    }

    /// The run leaves values in `kept`, within its budget.
    pub(crate) fn with_kept(self, kept: Kept) -> Self {
        kept.count(Ledger::new(self.limits.run_tensor_bytes, &self.tensors));
        Self { kept: Some(kept), ..self }
    }

    /// Keeps pictures for who embeds the run.
    pub(crate) fn keep_image(&self, node: &NodeRef, image: &Tensor) -> Result<(), Error> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.keep_image(&node.id, image))
    }

    /// Keeps the value of an output that was asked for.
    pub(crate) fn keep_value(&self, node: &str, output: &str, value: &Value) -> Result<(), Error> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.keep_value(node, output, value))
    }

    /// Shows an unfinished latent, where somebody looks.
    pub(crate) fn preview(&self, node: &NodeRef, model: &Arc<dyn Denoiser>, latent: &Tensor) {
        if let Some(kept) = &self.kept {
            kept.preview(&node.id, || model.decode(latent));
        }
    }

    /// Writes a node's line to the log.
    pub(crate) fn log(&self, node: &NodeRef, level: Level, message: &str) {
        match level {
            Level::Trace => tracing::trace!(%node, "{message}"),
            Level::Debug => tracing::debug!(%node, "{message}"),
            Level::Info => tracing::info!(%node, "{message}"),
            Level::Warn => {
                tracing::warn!(%node, "{message}");
                self.warn(format!("{node}: {message}"));
            }
            Level::Error => tracing::error!(%node, "{message}"),
        }
    }

    /// Reports what happened.
    pub fn emit(&self, event: Event) {
        (self.sink)(event);
    }

    /// Counts guided predictions, one a lane and step.
    pub fn count_passes(&self, passes: u64) {
        self.passes.fetch_add(passes, Ordering::Relaxed);
    }

    /// Guided predictions so far.
    pub fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// Runs networks and adds to the time they took.
    pub fn time_networks<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.network_nanos.fetch_add(nanos, Ordering::Relaxed);
        result
    }

    /// Time spent in networks so far.
    pub fn network_time(&self) -> Duration {
        Duration::from_nanos(self.network_nanos.load(Ordering::Relaxed))
    }

    /// Notes files that a node wrote.
    pub(crate) fn saved(&self, node: &NodeRef, pictures: Vec<Picture>) {
        if pictures.is_empty() {
            return;
        }
        let files = pictures.iter().map(|picture| picture.name.clone()).collect();
        self.notes().saved.extend(pictures.into_iter().map(|picture| Saved {
            node: node.id.clone(),
            name: picture.name,
            sha256: picture.sha256,
            bytes: picture.bytes,
            width: picture.width,
            height: picture.height,
        }));
        self.emit(Event::Saved { node: node.id.clone(), files });
    }

    /// Notes that the node that runs looked at something outside the graph.
    pub(crate) fn saw(&self, read: Read) {
        self.notes().seen.insert(read);
    }

    /// Has editors show something on a node.
    pub(crate) fn show(&self, node: &NodeRef, ui: serde_json::Value) {
        self.notes().ui.push(ui.clone());
        self.emit(Event::Ui { node: node.id.clone(), ui });
    }

    /// Notes what people should know.
    pub(crate) fn warn(&self, message: String) {
        let mut notes = self.notes();
        if notes.warnings.len() < WARNINGS {
            notes.warnings.push(message);
        }
    }

    /// Notes that the node that runs goes on from where a run that was broken off had come to.
    pub(crate) fn resumed(&self, node: &NodeRef) {
        tracing::info!(%node, "goes on from where a run that was broken off had come to");
        self.notes().resumed = true;
        self.emit(Event::Resumed { node: node.id.clone() });
    }

    /// What the node that runs looked at so far.
    pub(crate) fn seen(&self) -> HashSet<Read> {
        self.notes().seen.clone()
    }

    /// Whether the node that ran was resumed, since the last call.
    pub(crate) fn take_resumed(&self) -> bool {
        std::mem::take(&mut self.notes().resumed)
    }

    /// What the node that ran looked at and had shown, since the last call.
    pub(crate) fn take_node(&self) -> (HashSet<Read>, Vec<serde_json::Value>) {
        let mut notes = self.notes();
        (std::mem::take(&mut notes.seen), std::mem::take(&mut notes.ui))
    }

    fn take_files(&self) -> (Vec<Saved>, Vec<String>) {
        let mut notes = self.notes();
        (std::mem::take(&mut notes.saved), std::mem::take(&mut notes.warnings))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
