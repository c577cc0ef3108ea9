//! Texts of WebP files: ASCII fields of the EXIF part that begin with `prompt:` or `workflow:`.
//!
//! Editors of the ComfyUI family write the graph into tag 0x0110 and more into those below; here
//! every text field of the first directory counts. Formats: WebP container (RIFF chunks), EXIF 2.3
//! section 4 (TIFF directories).

use super::super::{ErrorCode, GraphError};
use super::{Embedded, PROMPT, WORKFLOW, latin1};

/// Type of fields that hold text.
const ASCII: u16 = 2;

/// Collects the texts of a file.
pub(super) fn read(bytes: &[u8], found: &mut Embedded) -> Result<(), GraphError> {
    let cut = || invalid("the end of the file inside a chunk", "a whole WebP file");
    let mut rest = bytes.get(12..).ok_or_else(cut)?;
    // A single byte that is left is padding.
    while rest.len() > 1 {
        let (kind, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
        let (data, after) = after.split_at_checked(length).ok_or_else(cut)?;
        if kind == b"EXIF" {
            let damaged = || invalid("a damaged EXIF part", "a TIFF directory");
            let data = data.strip_prefix(b"Exif\0\0").unwrap_or(data);
            return Directory::open(data).and_then(|tiff| tiff.texts(found)).ok_or_else(damaged);
        }
        rest = after.get(length % 2..).unwrap_or_default();
    }
    Ok(())
}

/// The EXIF part; offsets count from its first byte.
struct Directory<'a> {
    data: &'a [u8],
    little: bool,
}

impl<'a> Directory<'a> {
    fn open(data: &'a [u8]) -> Option<Self> {
        let little = match data.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        Some(Self { data, little }).filter(|tiff| tiff.short(2) == Some(42))
    }

    fn texts(&self, found: &mut Embedded) -> Option<()> {
        let start = self.long(4)?;
        let count = usize::from(self.short(start)?);
        for entry in 0..count {
            let at = start.checked_add(2 + entry * 12)?;
            if self.short(at.checked_add(2)?)? != ASCII {
                continue;
            }
            let length = self.long(at.checked_add(4)?)?;
            let at = at.checked_add(8)?;
            // Up to four bytes stand in the entry itself.
            let at = if length <= 4 { at } else { self.long(at)? };
            let text = self.data.get(at..at.checked_add(length)?)?;
            for name in [PROMPT, WORKFLOW] {
                let head = text.get(..name.len());
                let named = head.is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()));
                // Many fields may share one long text: only what counts is looked at.
                if !named || text.get(name.len()) != Some(&b':') || found.has(name) {
                    continue;
                }
                let body = text[name.len() + 1..].split(|byte| *byte == 0).next()?;
                found.put(name, latin1(body));
            }
        }
        Some(())
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.data.get(at..)?.first_chunk::<2>()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = *self.data.get(at..)?.first_chunk::<4>()?;
        let value = if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(value).ok()
    }
}

fn invalid(found: &str, expected: &str) -> GraphError {
    GraphError::new(ErrorCode::InvalidWebp, found, expected)
}
