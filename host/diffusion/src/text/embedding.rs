//! Textual inversions: rows that stand in a prompt in place of tokens' rows, and their files.
//!
//! A file holds one tensor of one or two axes. Where it holds several, what is taken is the first
//! of `string_to_param`, else `clip_l`, else the first in the file.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::limits::{EMBEDDING_ROWS, EMBEDDING_WIDTH};

use crate::Result;
use crate::error::lost;
use crate::weights::TensorFile;

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
        bounded(rows, width)?;
        Ok(Self { width, values })
    }

    /// The one in the file at `path`, which messages call `name`: safetensors or a zip pickle.
    ///
    /// # Errors
    /// Those of [`Self::new`], `input_output` where the file cannot be read, `invalid_input` where
    /// it is broken or holds no tensor of such a shape, `unsupported` for other formats.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        Self::of(&TensorFile::open(path, name)?)
    }

    fn of(file: &TensorFile) -> Result<Self> {
        let Some((name, shape)) = chosen(file) else {
            return Err(Error::invalid(file.label("found no tensor, expected an embedding")));
        };
        let (rows, width) = match *shape {
            [width] => (1, width),
            [rows, width] => (rows, width),
            _ => {
                let message =
                    format!("tensor `{name}` has shape {shape:?}, expected [rows, width]");
                return Err(Error::invalid(file.label(&message)));
            }
        };
        bounded(rows, width).map_err(|error| Error::new(error.code, file.label(&error.message)))?;
        match file.view(name)? {
            Some(view) => Self::new(width, view.to_vec()),
            None => Err(lost(name)),
        }
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

/// Refuses more rows, or wider ones, than any encoder has a use for.
fn bounded(rows: usize, width: usize) -> Result<()> {
    if rows > EMBEDDING_ROWS || width > EMBEDDING_WIDTH {
        let message = format!(
            "found {rows} rows of {width} values, the limit is {EMBEDDING_ROWS} of {EMBEDDING_WIDTH}"
        );
        return Err(Error::new(Code::LimitExceeded, message));
    }
    Ok(())
}

/// The name and the shape of the tensor that is the embedding.
fn chosen(file: &TensorFile) -> Option<(&str, &[usize])> {
    let tensors = || file.header().tensors();
    let kept = tensors().find(|(name, _)| name.starts_with("string_to_param."));
    let own = || tensors().find(|(name, _)| *name == "clip_l");
    let first = || tensors().min_by_key(|(_, info)| info.data_offsets);
    let (name, info) = kept.or_else(own).or_else(first)?;
    Some((name, &info.shape))
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

/// The textual inversions in some folders, where earlier ones come first.
#[derive(Debug, Clone, Default)]
pub struct EmbeddingFolders(pub Vec<PathBuf>);

impl EmbeddingFolders {
    /// The file that a prompt means by `name`, and never one outside of the folders.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let name = name.replace('\\', "/");
        let inside = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return None;
        }
        let named = |folder: &PathBuf| ENDINGS.map(|ending| folder.join(format!("{name}{ending}")));
        self.0.iter().flat_map(named).find(|file| file.is_file())
    }
}

impl Embeddings for EmbeddingFolders {
    fn find(&self, name: &str) -> Result<Option<Embedding>> {
        self.file(name).map(|path| Embedding::open(&path, name)).transpose()
    }
}
