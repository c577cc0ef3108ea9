//! Writing to the terminal; a reader that went away (`amdm nodes | head`) is no error.

use std::io::Write;

/// A line of what was asked for.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line for the person.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line that says what went wrong.
pub fn problem(text: &str) {
    note(format_args!("error: {text}"));
}
