//! The run that a thread is working for. Lets an embedder's model, which is called by a network and
//! not by a node, see cancellation and record what it read.

use std::cell::RefCell;
use std::sync::Arc;

use amdm::error::Error;
use amdm_diffusion::{Denoiser, ModelSource};

use super::Job;
use crate::cache::Read;
use crate::turn;

thread_local! {
    static HERE: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// A run that goes on.
#[derive(Clone)]
pub struct Running(Arc<Job>);

impl Running {
    /// The run that the calling thread works for: its own threads, and that which called the host
    /// while
    /// [`on_caller`](crate::on_caller) does work there.
    pub fn here() -> Option<Self> {
        HERE.with_borrow(Clone::clone)
    }

    /// Whether it is being stopped.
    pub fn cancelled(&self) -> bool {
        self.0.cancel.is_set()
    }

    /// Notes that a network was asked: what is computed with one that the graph does not name is
    /// not kept, unless it is built in.
    pub fn asks(&self, model: &Arc<dyn Denoiser>) {
        let name = &model.info().name;
        // Others may call themselves by the name of one that is.
        let is_named =
            || self.0.means.models.load(name, "").is_ok_and(|own| Arc::ptr_eq(&own, model));
        if !self.is_built_in(name) || !is_named() {
            self.0.saw(Read::Model(name.to_owned()));
        }
    }

    /// What is in the program is the same wherever the program is.
    fn is_built_in(&self, name: &str) -> bool {
        matches!(self.0.means.models.source(name), Ok(ModelSource::BuiltIn(_)))
    }

    /// Notes that what is computed depends on something that the graph does not name, so that it is
    /// not kept.
    pub fn depends_on_more(&self) {
        self.0.saw(Read::Other);
    }

    /// A network by name. What is computed with one that the graph does not name is not kept,
    /// unless it is built in.
    ///
    /// # Errors
    /// As [`Models::load`](amdm_diffusion::Models::load); `cancelled`.
    pub fn load_model(&self, name: &str, options_json: &str) -> Result<Arc<dyn Denoiser>, Error> {
        self.0.cancel.check()?;
        if !self.is_built_in(name) {
            self.0.saw(Read::Model(name.to_owned()));
        }
        self.0.means.models.load(name, options_json)
    }
}

/// Where a thread stands, for others that work for it.
#[derive(Clone)]
pub struct Place {
    entered: Vec<usize>,
    running: Option<Running>,
}

impl Place {
    /// The run that the calling thread works for, if there is one, and the turns that it has.
    pub fn here() -> Self {
        Self { entered: turn::entered(), running: Running::here() }
    }

    /// Does `work` as a thread that stands there.
    pub fn with<T>(self, work: impl FnOnce() -> T) -> T {
        turn::as_in(self.entered, || within(self.running, work))
    }
}

/// Does `work` as a thread of the run.
pub(crate) fn of<T>(run: &Arc<Job>, work: impl FnOnce() -> T) -> T {
    within(Some(Running(run.clone())), work)
}

/// Does `work` as a thread of that run, if it is one.
fn within<T>(running: Option<Running>, work: impl FnOnce() -> T) -> T {
    struct Before(Option<Running>);
    impl Drop for Before {
        fn drop(&mut self) {
            HERE.set(self.0.take());
        }
    }
    let _before = Before(HERE.replace(running));
    work()
}
