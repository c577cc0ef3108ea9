//! Graphs inside pictures: the text to write, and the texts found.
//!
//! In PNG files a text chunk named `prompt` holds the API graph as JSON with everything outside
//! ASCII escaped, and one named `workflow` the graph as an editor saves it; in WebP files these are
//! texts of the EXIF part. Files are checked no further than finding them takes. Texts that are
//! compressed may grow to [`limits::GRAPH_BYTES`].

mod png;
mod webp;

use super::code::ErrorCode;
use super::error::GraphError;
use super::json;
use crate::limits;
use serde_json::Value;
use std::fmt::Write as _;

/// Keyword of the chunk that holds the API graph.
pub const PROMPT: &str = "prompt";
/// Keyword of the chunk that holds the workflow as an editor saves it.
pub const WORKFLOW: &str = "workflow";

/// The texts about graphs that a picture holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Embedded {
    /// The API graph: what ran.
    pub prompt: Option<String>,
    /// The workflow as an editor saves it.
    pub workflow: Option<String>,
}

impl Embedded {
    /// The texts of a picture; `None` where the file is no PNG and no WebP.
    ///
    /// # Errors
    /// `invalid_png` or `invalid_webp` for a damaged file in which no text was found,
    /// `unsupported_format` or `limit_exceeded` for compressed texts that cannot be read.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, GraphError> {
        let mut found = Self::default();
        let result = if is_png(bytes) {
            png::read(bytes, &mut found)
        } else if is_webp(bytes) {
            webp::read(bytes, &mut found)
        } else {
            return Ok(None);
        };
        // What a damaged file holds before the damage is whole.
        match result {
            Err(error) if found == Self::default() => Err(error),
            _ => Ok(Some(found)),
        }
    }

    /// Whether the text of that name is found.
    fn has(&self, name: &str) -> bool {
        if name == PROMPT { self.prompt.is_some() } else { self.workflow.is_some() }
    }

    /// Takes a text under its name; the first of each name counts. `Some` where both are there.
    fn put(&mut self, name: &str, text: String) -> Option<()> {
        let place = if name == PROMPT { &mut self.prompt } else { &mut self.workflow };
        place.get_or_insert(text);
        (self.prompt.is_some() && self.workflow.is_some()).then_some(())
    }
}

/// The text of a chunk: compact JSON in ASCII.
pub fn text(graph: &Value) -> String {
    let json = graph.to_string();
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

/// Whether a file starts as PNG files do.
pub fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(png::SIGNATURE)
}

/// Whether a file starts as WebP files do.
pub fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// The text named `prompt` of a PNG file; `None` where the file has none.
///
/// # Errors
/// As [`Embedded::read`].
pub fn graph_from_png(bytes: &[u8]) -> Result<Option<String>, GraphError> {
    let mut found = Embedded::default();
    match png::read(bytes, &mut found) {
        Err(error) if found.prompt.is_none() => Err(error),
        _ => Ok(found.prompt),
    }
}

/// Latin-1, or UTF-8 where the bytes are that: some tools write it, and the two seldom agree.
fn latin1(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) => data.iter().copied().map(char::from).collect(),
    }
}

/// Reads the JSON of an embedded text. Servers of the ComfyUI family write `NaN` and `Infinity`
/// into it, for what they know of a run; these read as `null`, as in editors.
pub(super) fn parse(text: &str) -> Result<Value, GraphError> {
    let strict = json::parse(text.as_bytes());
    match strict {
        Err(error) if error.code == ErrorCode::InvalidJson => match finite(text) {
            Some(text) => json::parse(text.as_bytes()),
            None => Err(error),
        },
        other => other,
    }
}

/// The text with its numbers that are none replaced; `None` where it has no such numbers.
fn finite(text: &str) -> Option<String> {
    let mut finite = String::with_capacity(text.len());
    let (mut rest, mut changed) = (text, false);
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        let (before, after) = rest.split_at(at);
        finite.push_str(before);
        let number = ["NaN", "Infinity", "-Infinity"].iter().find(|word| after.starts_with(**word));
        let taken = match number {
            Some(word) => {
                finite.push_str("null");
                changed = true;
                word.len()
            }
            None if after.starts_with('"') => quoted(after),
            None => 1,
        };
        if number.is_none() {
            finite.push_str(after.get(..taken)?);
        }
        rest = after.get(taken..)?;
    }
    finite.push_str(rest);
    changed.then_some(finite)
}

/// Bytes of the quoted text that begins here, with its quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    end.map_or(text.len(), |end| end + 2)
}

fn too_long() -> GraphError {
    let found = "a compressed text of more than it may have";
    let expected = format!("at most {} bytes", limits::GRAPH_BYTES);
    GraphError::new(ErrorCode::LimitExceeded, found, expected)
}
