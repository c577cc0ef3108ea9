//! The one token that stops a run: set by hand from any thread, or by the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use amdm::error::{Code, Error};

use crate::failure::{Failure, FailureCode};

/// Stops a run. Clones share one state; cheap to ask.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    stopped: Arc<AtomicBool>,
    deadline: Option<(Instant, Duration)>,
}

impl Cancel {
    /// A token that only [`Cancel::stop`] sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same token, set as well once `limit` has passed from now; an earlier limit stays.
    #[must_use]
    pub fn with_timeout(&self, limit: Option<Duration>) -> Self {
        let fresh = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        let deadline = [fresh, self.deadline].into_iter().flatten().min_by_key(|(end, _)| *end);
        Self { stopped: self.stopped.clone(), deadline }
    }

    /// Stops the run at its next host call, network row or 10 ms of guest time.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the run is to stop, for whichever reason.
    pub fn is_set(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.timed_out().is_some()
    }

    /// The limit that has passed, if it has.
    pub fn timed_out(&self) -> Option<Duration> {
        self.deadline.filter(|(end, _)| Instant::now() >= *end).map(|(_, limit)| limit)
    }

    /// Fails with `cancelled` once the token is set.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_set() {
            return Err(Error::new(Code::Cancelled, "the run was stopped"));
        }
        Ok(())
    }

    /// What to report for a run that this token ended.
    pub fn failure(&self) -> Failure {
        match self.timed_out() {
            Some(limit) if !self.stopped.load(Ordering::Relaxed) => Failure::new(
                FailureCode::Timeout,
                format!("the run took longer than its limit of {} s", limit.as_secs_f64()),
            ),
            _ => Failure::new(FailureCode::Node(Code::Cancelled), "the run was stopped"),
        }
    }
}
