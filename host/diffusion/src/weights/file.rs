//! A file of weights: mapped into memory, read into it, or part of the program.
//!
//! A mapped file costs address space; its pages come from the disk as they are read, and the system
//! may drop them again. Whoever cuts a mapped file short while it is in use ends the process with a
//! bus error when the missing pages are read: a library can do nothing about that without taking
//! over its host's signal handlers. Replacing a file by renaming is harmless.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::ErrorKind::InvalidData;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use super::Header;

/// What the first bytes of a zip archive are.
pub(super) const ZIP: &[u8] = b"PK\x03\x04";

/// The bytes of a weight file. Cloning copies a handle, never values.
#[derive(Clone)]
pub struct WeightFile(Arc<Bytes>);

enum Bytes {
    Held(Cow<'static, [u8]>),
    Mapped(Mmap),
}

impl WeightFile {
    /// A file of these bytes.
    pub fn new(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(Arc::new(Bytes::Held(bytes.into())))
    }

    /// All bytes, as the format orders them.
    pub fn bytes(&self) -> &[u8] {
        match &*self.0 {
            Bytes::Held(bytes) => bytes,
            Bytes::Mapped(map) => map.deref(),
        }
    }

    /// Reads what the file at `path` holds, without its values. The bytes behind the header of a
    /// safetensors file are not looked at.
    pub(crate) fn header(path: &Path) -> io::Result<Header> {
        let mut start = Vec::new();
        open(path)?.take(ZIP.len() as u64).read_to_end(&mut start)?;
        if start != ZIP {
            return Header::read(open(path)?);
        }
        Header::of(&Self::map(path)?).map_err(|error| io::Error::new(InvalidData, error.message))
    }

    /// Maps the file at `path` into memory, whatever its size.
    pub(crate) fn map(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        // SAFETY: the map is only read. Others may write to the file meanwhile; every byte is
        // checked or a number where any value is allowed, and none is kept as a reference whose
        // validity depends on its value. What happens to a file that shrinks: see above.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(Arc::new(Bytes::Mapped(map))))
    }

    /// Reads the file at `path`; none where it has more than `most` bytes, also where it has grown
    /// to them since it was opened.
    pub(crate) fn read(path: &Path, most: u64) -> io::Result<Option<Self>> {
        let file = open(path)?;
        if file.metadata()?.len() > most {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= most).then(|| Self::new(bytes)))
    }
}

/// A regular file: others, such as pipes, would block.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}
