//! One run of one graph: what its nodes share, what it reports, and how it is executed.

mod event;
mod executor;
mod operator;
mod outcome;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use amdm_diffusion::{Device, Models};

pub use self::event::{Event, Sink};
pub(crate) use self::executor::Executor;
pub use self::operator::OperatorSpec;
pub use self::outcome::{NodeTime, Outcome, Saved};
use crate::cancel::Cancel;
use crate::failure::NodeRef;
use crate::limits::Limits;
use crate::memory::Budget;
use crate::pictures::{Inputs, Outputs};

/// How to run a graph.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Where pictures are written; made at need.
    pub output_dir: PathBuf,
    /// Where `LoadImage` finds pictures; by default nowhere.
    pub inputs: Inputs,
    /// Whether the graph is left inside the pictures it makes.
    pub metadata: bool,
    /// Longest time for the whole run.
    pub timeout: Option<Duration>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            output_dir: "output".into(),
            inputs: Inputs::default(),
            metadata: true,
            timeout: None,
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
    saved: std::sync::Mutex<Vec<Saved>>,
}

impl Shared {
    /// A run that has not begun.
    pub fn new(
        cancel: Cancel,
        (device, models): (Device, Arc<Models>),
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
            saved: std::sync::Mutex::default(),
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
    pub fn saved(&self, node: &NodeRef, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let mut saved = self.saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        saved.extend(names.iter().map(|name| Saved { node: node.id.clone(), name: name.clone() }));
        drop(saved);
        self.emit(Event::Saved { node: node.id.clone(), files: names.to_vec() });
    }

    fn take_saved(&self) -> Vec<Saved> {
        std::mem::take(&mut *self.saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
