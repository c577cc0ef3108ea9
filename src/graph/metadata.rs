//! Graphs inside PNG files: the text to write, and the text found.
//!
//! A text chunk named `prompt` holds the API graph as JSON with everything outside ASCII escaped,
//! as PNG's `tEXt` chunks are Latin-1. Reads `tEXt` and uncompressed `iTXt`; checks the file's
//! structure no further than it must to find them. Format: PNG specification, sections 5 and 11.3.

use super::code::ErrorCode;
use super::error::GraphError;
use serde_json::Value;
use std::fmt::Write as _;

/// Keyword of the chunk that holds the API graph.
pub const PROMPT: &str = "prompt";
/// Keyword of the chunk that holds the workflow as an editor saves it.
pub const WORKFLOW: &str = "workflow";

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

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
    bytes.starts_with(SIGNATURE)
}

/// The text named `prompt` of a PNG file; `None` where the file has none.
///
/// # Errors
/// `invalid_png` for a file that is cut off or no PNG, `unsupported_format` where the text is
/// compressed.
pub fn graph_from_png(bytes: &[u8]) -> Result<Option<String>, GraphError> {
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else {
        return Err(invalid("no PNG signature", "a PNG file"));
    };
    while let Some(chunk) = Chunk::take(&mut rest)? {
        let text = match &chunk.kind {
            b"tEXt" => named(chunk.data).map(|data| Ok(latin1(data))),
            b"iTXt" => named(chunk.data).map(international),
            b"zTXt" => named(chunk.data).map(|_| Err(compressed())),
            b"IEND" => return Ok(None),
            _ => None,
        };
        if let Some(text) = text {
            return text.map(Some);
        }
    }
    Err(invalid("the end of the file before the chunk IEND", "a whole PNG file"))
}

struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Takes one chunk (length, kind, data, checksum) off `rest`; `None` at its end.
    fn take(rest: &mut &'a [u8]) -> Result<Option<Self>, GraphError> {
        if rest.is_empty() {
            return Ok(None);
        }
        let cut = || invalid("the end of the file inside a chunk", "a whole PNG file");
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (kind, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
        let (data, after) = after.split_at_checked(length).ok_or_else(cut)?;
        let (_, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        *rest = after;
        Ok(Some(Self { kind: *kind, data }))
    }
}

/// What follows the keyword, if it is `prompt`.
fn named(data: &[u8]) -> Option<&[u8]> {
    data.strip_prefix(PROMPT.as_bytes())?.strip_prefix(b"\0")
}

/// Latin-1, or UTF-8 where the bytes are that: some tools write it, and the two seldom agree.
fn latin1(data: &[u8]) -> String {
    match std::str::from_utf8(data) {
        Ok(text) => text.to_owned(),
        Err(_) => data.iter().copied().map(char::from).collect(),
    }
}

/// Compression flag and method, language, translated keyword, text.
fn international(data: &[u8]) -> Result<String, GraphError> {
    let malformed = || invalid("a malformed iTXt chunk", "UTF-8 text after two empty names");
    let (head, rest) = data.split_first_chunk::<2>().ok_or_else(malformed)?;
    if head[0] != 0 {
        return Err(compressed());
    }
    let text = rest.splitn(3, |byte| *byte == 0).nth(2).ok_or_else(malformed)?;
    std::str::from_utf8(text).map(str::to_owned).map_err(|_| malformed())
}

fn compressed() -> GraphError {
    let found = "a compressed text named prompt";
    GraphError::new(ErrorCode::UnsupportedFormat, found, "a tEXt chunk, or iTXt uncompressed")
}

fn invalid(found: &str, expected: &str) -> GraphError {
    GraphError::new(ErrorCode::InvalidPng, found, expected)
}
