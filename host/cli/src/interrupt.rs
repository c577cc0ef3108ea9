//! Ctrl-C and SIGTERM stop the run; a second one ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use amdm_runtime::Cancel;
use anyhow::Context;

/// Connects the signals to `cancel`.
///
/// # Errors
/// Where the system refuses handlers.
pub fn connect(cancel: &Cancel) -> anyhow::Result<()> {
    let cancel = cancel.clone();
    let again = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if again.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        cancel.stop();
    })
    .context("cannot watch for Ctrl-C")
}
