//! Textual inversions: rows that stand in a prompt in place of tokens' rows.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::limits::EMBEDDING_ROWS;

use crate::Result;

/// What a name may be continued with to be a file's.
const ENDINGS: [&str; 4] = ["", ".safetensors", ".pt", ".bin"];

/// Rows of an encoder's width. Cloning copies a handle, never values.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    width: usize,
    values: Arc<[f32]>,
}

impl Embedding {
    /// `values` are rows of `width` values, one after another.
    ///
    /// # Errors
    /// `invalid_input` where there is no row or none is whole, `limit_exceeded` above
    /// [`EMBEDDING_ROWS`].
    pub fn new(width: usize, values: impl Into<Arc<[f32]>>) -> Result<Self> {
        let values = values.into();
        let rows = values.len().checked_div(width).unwrap_or(0);
        if rows == 0 || rows * width != values.len() {
            let found = values.len();
            let message = format!("found {found} values, expected rows of {width}");
            return Err(Error::invalid(message));
        }
        if rows > EMBEDDING_ROWS {
            let message = format!("found {rows} rows, the limit is {EMBEDDING_ROWS}");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        Ok(Self { width, values })
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows it has; each takes the place of a token.
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Row `index`, counted from 0.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.width).nth(index)
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding [{}, {}]", self.rows(), self.width)
    }
}

/// Finds the textual inversions that prompts name.
pub trait Embeddings {
    /// The one of this name, as a prompt writes it: with or without a file's ending, also with
    /// folders. None where there is none.
    ///
    /// # Errors
    /// Where its file cannot be read.
    fn find(&self, name: &str) -> Result<Option<Embedding>>;
}

impl<F: Fn(&str) -> Result<Option<Embedding>>> Embeddings for F {
    fn find(&self, name: &str) -> Result<Option<Embedding>> {
        self(name)
    }
}

/// The file that a prompt means by `name`: in the first of `folders` that has one, and never one
/// outside of them.
pub fn embedding_file(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let name = name.replace('\\', "/");
    let inside = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return None;
    }
    let files = folders
        .iter()
        .flat_map(|folder| ENDINGS.map(|ending| folder.join(format!("{name}{ending}"))));
    files.into_iter().find(|file| file.is_file())
}
