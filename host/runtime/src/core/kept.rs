//! What a run leaves in memory for who embeds it: pictures, chosen outputs, unfinished images.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use amdm::error::Error;
use amdm_diffusion::Tensor;

use crate::budget::Ledger;
use crate::value::Value;

/// Shows an unfinished image `[batch, height, width, channels]` in [0, 1] of a node.
pub type PreviewSink = Box<dyn Fn(&str, &Tensor) + Send + Sync>;

/// Where a run leaves values in memory; clones are one place. For one run each.
#[derive(Clone, Default)]
pub struct Kept(Arc<Inner>);

#[derive(Default)]
struct Inner {
    previews: Option<(PreviewSink, Duration, Mutex<Option<Instant>>)>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    images: Vec<(String, Tensor)>,
    values: Vec<(String, String, Value)>,
    ledger: Option<Ledger>,
}

impl Kept {
    /// An empty place.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty place, with previews: at most one in `every`.
    pub fn with_previews(sink: PreviewSink, every: Duration) -> Self {
        let previews = Some((sink, every, Mutex::new(None)));
        Self(Arc::new(Inner { previews, held: Mutex::default() }))
    }

    /// What nodes saved or showed, in order: the node's id, and `[batch, height, width, channels]`.
    pub fn images(&self) -> Vec<(String, Tensor)> {
        self.held().images.clone()
    }

    /// The value of an output that was asked for, by its node's id and its name.
    pub fn value(&self, node: &str, output: &str) -> Option<Value> {
        let held = self.held();
        let mut values = held.values.iter();
        values.find(|(id, name, _)| id == node && name == output).map(|(_, _, v)| v.clone())
    }

    /// What is kept counts in `ledger`.
    pub(crate) fn count(&self, ledger: Ledger) {
        self.held().ledger = Some(ledger);
    }

    pub(crate) fn keep_image(&self, node: &str, image: &Tensor) -> Result<(), Error> {
        let mut held = self.held();
        let image = image.clone().compact()?;
        if let Some(ledger) = &mut held.ledger {
            ledger.add(&[image.storage()])?;
        }
        held.images.push((node.to_owned(), image));
        Ok(())
    }

    pub(crate) fn keep_value(&self, node: &str, output: &str, value: &Value) -> Result<(), Error> {
        let mut held = self.held();
        if let Some(ledger) = &mut held.ledger {
            ledger.add(&value.held())?;
        }
        held.values.push((node.to_owned(), output.to_owned(), value.clone()));
        Ok(())
    }

    /// The run has ended: what is kept is the embedder's now.
    pub(crate) fn release(&self) {
        self.held().ledger = None;
    }

    /// Shows what `image` makes, if it is time for it.
    pub(crate) fn preview(&self, node: &str, image: impl FnOnce() -> Result<Tensor, Error>) {
        let Some((sink, every, last)) = &self.0.previews else { return };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < *every) {
            return;
        }
        match image() {
            Ok(image) => sink(node, &image),
            Err(error) => tracing::debug!(node, %error, "no preview"),
        }
        *last = Some(Instant::now());
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("images", &self.held().images.len()).finish_non_exhaustive()
    }
}
