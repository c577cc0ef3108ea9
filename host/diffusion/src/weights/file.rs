//! A file of weights, in memory.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::Header;

/// A safetensors file, or one that lies in the program. Cloning copies a handle, never values.
#[derive(Clone)]
pub struct WeightFile(Arc<Cow<'static, [u8]>>);

impl WeightFile {
    /// A file of these bytes.
    pub fn new(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self(Arc::new(bytes.into()))
    }

    /// All bytes, as the format orders them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads the header alone of the file at `path`.
    pub(crate) fn header(path: &Path) -> io::Result<Header> {
        Header::read(open(path)?)
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
