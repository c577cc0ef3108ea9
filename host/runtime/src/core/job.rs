//! What the nodes of one run share: where they run, what they may take, and what they did.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use amdm::error::Error;
use amdm_diffusion::{Denoiser, Device, Models, Tensor};

use super::kept::Kept;
use crate::budget::{Budget, Ledger};
use crate::cache::{Read, Results};
use crate::cancel::Cancel;
use crate::failure::NodeRef;
use crate::limits::Limits;
use crate::pictures::{Inputs, Outputs, Picture};
use crate::report::{Event, Level, Saved, Sink};
use crate::value::Value;

/// What the nodes of one run share.
pub(crate) struct Job {
    /// Stops the run.
    pub cancel: Cancel,
    /// What it works with.
    pub means: Means,
    /// Bounds.
    pub limits: Limits,
    /// Ticks of the engine's clock, 10 ms each.
    pub ticks: Arc<AtomicU64>,
    /// Tensors and texts that the run's parts hold.
    pub tensors: Arc<Budget>,
    /// Linear memory of the run's instances.
    pub guests: Arc<Budget>,
    sink: Sink,
    passes: AtomicU64,
    network_nanos: AtomicU64,
    notes: Mutex<Notes>,
    kept: Option<Kept>,
}

/// What a run works with.
pub(crate) struct Means {
    /// Where tensors live.
    pub device: Device,
    /// Networks by name.
    pub models: Arc<Models>,
    /// Results of earlier runs.
    pub results: Arc<Results>,
    /// Pictures to read.
    pub inputs: Inputs,
    /// Pictures to write.
    pub outputs: Outputs,
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

impl Job {
    /// A run that has not begun.
    pub fn new(
        cancel: Cancel,
        means: Means,
        limits: Limits,
        ticks: Arc<AtomicU64>,
        sink: Sink,
    ) -> Self {
        let tensors = Budget::new(limits.run_tensor_bytes, "tensors and texts");
        let guests = Budget::new(limits.run_guest_memory, "packs' memory");
        Self {
            cancel,
            means,
            limits,
            ticks,
            tensors,
            guests,
            sink,
            passes: AtomicU64::new(0),
            network_nanos: AtomicU64::new(0),
            notes: Mutex::default(),
            kept: None,
        }
    }

    /// The run leaves values in `kept`, within its budget.
    pub fn with_kept(self, kept: Kept) -> Self {
        kept.count(Ledger::new(self.limits.run_tensor_bytes, &self.tensors));
        Self { kept: Some(kept), ..self }
    }

    /// Keeps pictures for who embeds the run.
    pub fn keep_image(&self, node: &NodeRef, image: &Tensor) -> Result<(), Error> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.keep_image(&node.id, image))
    }

    /// Keeps the value of an output that was asked for.
    pub fn keep_value(&self, node: &str, output: &str, value: &Value) -> Result<(), Error> {
        self.kept.as_ref().map_or(Ok(()), |kept| kept.keep_value(node, output, value))
    }

    /// Shows an unfinished latent, as the network sees it, where somebody looks.
    pub fn preview(&self, node: &NodeRef, model: &Arc<dyn Denoiser>, latent: &Tensor) {
        if let Some(kept) = &self.kept {
            let stopped = || self.cancel.is_set();
            kept.preview(&node.id, || {
                let latent = model.info().latent.to_wire(latent)?;
                Arc::clone(model).preview(&latent, &stopped)
            });
        }
    }

    /// Writes a node's line to the log.
    pub fn log(&self, node: &NodeRef, level: Level, message: &str) {
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
    pub fn saved(&self, node: &NodeRef, pictures: Vec<Picture>) {
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
    pub fn saw(&self, read: Read) {
        self.notes().seen.insert(read);
    }

    /// Has editors show something on a node.
    pub fn show(&self, node: &NodeRef, ui: serde_json::Value) {
        self.notes().ui.push(ui.clone());
        self.emit(Event::Ui { node: node.id.clone(), ui });
    }

    /// Notes what people should know.
    pub fn warn(&self, message: String) {
        let mut notes = self.notes();
        if notes.warnings.len() < WARNINGS {
            notes.warnings.push(message);
        }
    }

    /// Notes that the node that runs goes on from where a run that was broken off had come to.
    pub fn resumed(&self, node: &NodeRef) {
        tracing::info!(%node, "goes on from where a run that was broken off had come to");
        self.notes().resumed = true;
        self.emit(Event::Resumed { node: node.id.clone() });
    }

    /// What the node that runs looked at so far.
    pub fn seen(&self) -> HashSet<Read> {
        self.notes().seen.clone()
    }

    /// Whether the node that ran was resumed, since the last call.
    pub fn take_resumed(&self) -> bool {
        std::mem::take(&mut self.notes().resumed)
    }

    /// What the node that ran looked at and had shown, since the last call.
    pub fn take_node(&self) -> (HashSet<Read>, Vec<serde_json::Value>) {
        let mut notes = self.notes();
        (std::mem::take(&mut notes.seen), std::mem::take(&mut notes.ui))
    }

    /// The files that were written, and what people should know; leaves none behind.
    pub fn take_files(&self) -> (Vec<Saved>, Vec<String>) {
        let mut notes = self.notes();
        (std::mem::take(&mut notes.saved), std::mem::take(&mut notes.warnings))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
