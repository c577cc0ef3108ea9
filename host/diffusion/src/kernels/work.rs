//! Which threads carry out an operation, and whether it is still wanted.
//!
//! An operation cuts its result into tiles whose sizes depend on shapes alone, so that threads may
//! take them in any order and number without an effect on a bit of the result.

use rayon::prelude::*;

use crate::error::cancelled;
use crate::{Cancel, Device, Result};

/// Given to every operation of a network's call.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    cancel: Cancel<'a>,
    /// Tiles go to the pool of the thread that asks.
    is_shared: bool,
}

impl<'a> Work<'a> {
    /// On the calling thread alone.
    pub(crate) fn alone(cancel: Cancel<'a>) -> Self {
        Self { cancel, is_shared: false }
    }

    /// Runs a network's call whose operations spread over all threads of `device`.
    pub(crate) fn on<R: Send>(
        device: &Device,
        cancel: Cancel<'a>,
        call: impl FnOnce(Work<'a>) -> R + Send,
    ) -> R {
        let is_shared = device.threads() > 1;
        device.install(|| call(Work { cancel, is_shared }))
    }

    /// Fails once the run is being stopped.
    pub(crate) fn go_on(&self) -> Result<()> {
        if (self.cancel)() { Err(cancelled()) } else { Ok(()) }
    }

    /// Runs `tile` for 0 to `count`, in any order; asks before each whether to go on.
    pub(super) fn each(
        &self,
        count: usize,
        tile: impl Fn(usize) -> Result<()> + Sync,
    ) -> Result<()> {
        let tile = |index| self.go_on().and_then(|()| tile(index));
        if self.is_shared && count > 1 {
            (0..count).into_par_iter().with_max_len(1).try_for_each(tile)
        } else {
            (0..count).try_for_each(tile)
        }
    }
}
