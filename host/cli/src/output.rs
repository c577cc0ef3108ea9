//! Writing to the terminal; a reader that went away (`amdm nodes | head`) is no error, a full disk
//! is.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Stop;

/// Whether something that was asked for could not be written.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line of what was asked for.
pub fn line(text: impl std::fmt::Display) {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error)
            if error.kind() != ErrorKind::BrokenPipe && !LOST.swap(true, Ordering::Relaxed) =>
        {
            problem(&format!("cannot write to stdout: {error}"));
        }
        _ => {}
    }
}

/// JSON that was asked for, over several lines.
///
/// # Errors
/// Where the value has no JSON.
pub fn json(value: &impl serde::Serialize) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(value).map_err(anyhow::Error::new)?;
    line(text);
    Ok(())
}

/// Whether a line that was asked for was lost.
pub fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A line for the person.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line that says what went wrong.
pub fn problem(text: &str) {
    note(format_args!("error: {text}"));
}
