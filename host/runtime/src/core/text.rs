//! Texts that nodes made, before people read them.

use amdm::error::{Code, Error};

/// Bytes of a message or a name that reaches people.
const TEXT: usize = 4096;

/// The error with texts that fit a terminal: of bounded length, without control characters.
pub(crate) fn legible(error: Error) -> Error {
    let message = match clean(&error.message) {
        message if message.trim().is_empty() => "no reason was given".into(),
        message => message,
    };
    let input = error.input.map(|input| clean(&input));
    Error { code: error.code, message, input }
}

/// The start of a text that a node made, in one line.
pub(crate) fn clean(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT);
    let mut clean = text[..end].replace(char::is_control, " ");
    if end < text.len() {
        clean.push_str(&format!("... ({} bytes)", text.len()));
    }
    clean
}

/// Fails for a text that is longer than nodes' texts may be.
///
/// # Errors
/// `limit_exceeded`.
pub(super) fn short(text: &str, what: &str) -> Result<(), Error> {
    let (found, limit) = (text.len(), amdm::limits::GUEST_TEXT_BYTES);
    if found <= limit {
        return Ok(());
    }
    let message = format!("found {what} of {found} bytes, at most {limit} are taken");
    Err(Error::new(Code::LimitExceeded, message))
}
