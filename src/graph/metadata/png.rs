//! Texts of PNG files: chunks `tEXt`, `iTXt`, `zTXt`, and `comf` of animated ones.
//!
//! Format: PNG specification, sections 5 and 11.3. Chunks `comf` hold a keyword, a zero and text.

use super::super::{ErrorCode, GraphError};
use super::{Embedded, PROMPT, WORKFLOW, latin1, too_long};
use crate::limits;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_zlib_with_limit};

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Collects the texts of a file.
pub(super) fn read(bytes: &[u8], found: &mut Embedded) -> Result<(), GraphError> {
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else {
        return Err(invalid("no PNG signature", "a PNG file"));
    };
    while let Some(chunk) = Chunk::take(&mut rest)? {
        let Some((name, data)) = named(chunk.data) else {
            if &chunk.kind == b"IEND" {
                return Ok(());
            }
            continue;
        };
        // A text that does not count is not inflated.
        if found.has(name) {
            continue;
        }
        let text = match &chunk.kind {
            b"tEXt" | b"comf" => latin1(data),
            b"iTXt" => international(name, data)?,
            b"zTXt" => latin1(&compressed(name, data)?),
            _ => continue,
        };
        if found.put(name, text).is_some() {
            return Ok(());
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

/// The keyword, if it is one of ours, and what follows it.
fn named(data: &[u8]) -> Option<(&'static str, &[u8])> {
    [PROMPT, WORKFLOW]
        .into_iter()
        .find_map(|name| Some((name, data.strip_prefix(name.as_bytes())?.strip_prefix(b"\0")?)))
}

/// Compression flag and method, language, translated keyword, text.
fn international(name: &str, data: &[u8]) -> Result<String, GraphError> {
    let malformed = || invalid("a malformed iTXt chunk", "UTF-8 text after two empty names");
    let (flag, rest) = data.split_first().ok_or_else(malformed)?;
    let text = rest.get(1..).and_then(|rest| rest.splitn(3, |byte| *byte == 0).nth(2));
    let text = text.ok_or_else(malformed)?;
    let inflated;
    let text = if *flag == 0 {
        text
    } else {
        inflated = inflate(name, rest[0], text)?;
        &inflated
    };
    std::str::from_utf8(text).map(str::to_owned).map_err(|_| malformed())
}

/// Compression method, then data.
fn compressed(name: &str, data: &[u8]) -> Result<Vec<u8>, GraphError> {
    let malformed = || invalid("an empty zTXt chunk", "compressed text");
    let (method, data) = data.split_first().ok_or_else(malformed)?;
    inflate(name, *method, data)
}

/// Method 0 is zlib.
fn inflate(name: &str, method: u8, data: &[u8]) -> Result<Vec<u8>, GraphError> {
    if method != 0 {
        let found = format!("a text named {name} of compression method {method}");
        return Err(GraphError::new(ErrorCode::UnsupportedFormat, found, "method 0"));
    }
    decompress_to_vec_zlib_with_limit(data, limits::GRAPH_BYTES).map_err(|error| {
        match error.status {
            TINFLStatus::HasMoreOutput => too_long(),
            _ => invalid(&format!("a damaged text named {name}"), "zlib data"),
        }
    })
}

fn invalid(found: &str, expected: &str) -> GraphError {
    GraphError::new(ErrorCode::InvalidPng, found, expected)
}
