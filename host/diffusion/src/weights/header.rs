//! What a safetensors file says before its values: names, shapes, and notes.
//!
//! Enough to tell which network a file is of, without a look at its values. A header that is none,
//! or that is longer than any real one, has no tensors, so that no family takes the file.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::Deserialize;

/// Bytes of a header that is looked at; the format's own bound is 100 MB.
const BYTES_MAX: u64 = 16 << 20;

/// The header of a safetensors file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Header {
    #[serde(rename = "__metadata__", default)]
    notes: BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, TensorInfo>,
}

/// What a header says about one tensor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TensorInfo {
    /// What a value is stored as, in the format's words: `F32`, `F16`, `BF16`, `I64` and so on.
    pub dtype: String,
    /// Extents; none are a scalar's.
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads the header at the start of a file; one without tensors where the file has none.
    ///
    /// # Errors
    /// Those of reading, a file that is too short and a header that is no text.
    pub fn read(mut file: impl Read) -> io::Result<Self> {
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut text = String::new();
        if length <= BYTES_MAX {
            file.take(length).read_to_string(&mut text)?;
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// What is said about the tensor called `name`.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)
    }

    /// What the file's metadata say under `key`.
    pub fn note(&self, key: &str) -> Option<&str> {
        self.notes.get(key).map(String::as_str)
    }
}
