//! Families of networks, and what each says of itself so that nothing else has to know it.
//!
//! A family knows its weight files by their headers, loads them, knows the sizes that its networks
//! work at and which of them lie in the program. The families of this build are in [`all`]; an
//! embedder's come through [`Models::with_family`](crate::Models::with_family).

mod sd1;
mod tiny;

pub(crate) use self::sd1::{ClipText, Sequence, TextStates, Token};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use amdm::error::{Code, Error};

use crate::{Codec, Denoiser, Device, Header, Result, WeightFile, error};

/// Networks of one architecture. Implement it to bring weight files of your own to
/// [`Models`](crate::Models).
///
/// A family has kinds: what its weight files may hold where their headers look alike. A graph
/// names one by the option `family`, a file by `amdm.family` in its metadata. Their names are
/// unique among all families, and stay what they are: graphs and files record them.
pub trait Family: Send + Sync {
    /// The family in a word or two, for messages.
    fn name(&self) -> &str;

    /// Names of all kinds, in the order to show them.
    fn kinds(&self) -> Vec<&str>;

    /// The kinds that a file with this header may hold; none where it is of another family. A file
    /// of one kind loads without being told, others must say which, or be told. A broken header is
    /// shown as well, with the entries before its fault: [`Family::load`] then says what is wrong.
    fn recognise(&self, header: &Header) -> Vec<&str>;

    /// Most bytes of a weight file: larger ones are refused before memory is asked for.
    fn file_bytes_max(&self) -> u64;

    /// The sizes that networks of `kind` work at; none where only the loaded network knows.
    fn sizes(&self, kind: &str) -> Option<Sizes>;

    /// Networks that lie in the program; none unless implemented.
    fn built_in(&self) -> Vec<BuiltIn> {
        Vec::new()
    }

    /// The network of `kind` with these weights, which [`ModelInfo::name`](crate::ModelInfo::name)
    /// calls `name`, on `device`.
    ///
    /// # Errors
    /// `invalid_input` for weights that are no safetensors, lack a tensor or have one of another
    /// shape; `unsupported` for values of a type that cannot be loaded; the device's own.
    fn load(
        &self,
        kind: &str,
        name: &str,
        weights: &WeightFile,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>>;

    /// The same of the file at `place`, which is read whole unless implemented.
    ///
    /// # Errors
    /// Those of [`Family::load`]; `unsupported` for more than [`Family::file_bytes_max`] bytes,
    /// `input_output` where reading fails.
    fn open(
        &self,
        kind: &str,
        name: &str,
        place: &Place<'_>,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>> {
        let most = self.file_bytes_max();
        let weights = WeightFile::read(place.path, most).map_err(|error| {
            let message = format!("model file `{name}` cannot be read: {error}");
            Error::new(Code::InputOutput, message)
        })?;
        let large = || format!("model file `{name}`: larger than {most} bytes");
        let weights = weights.ok_or_else(|| error::unsupported(large()))?;
        self.load(kind, name, &weights, device)
    }

    /// The codec in the file at `place`, which holds one alone or beside others; none where the
    /// file is of another family, as unless implemented.
    ///
    /// # Errors
    /// Those of [`Family::load`] and of reading.
    fn codec(
        &self,
        _name: &str,
        _place: &Place<'_>,
        _device: &Device,
    ) -> Result<Option<Arc<dyn Codec>>> {
        Ok(None)
    }
}

/// Where a weight file lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file, or a folder of files.
    pub path: &'a Path,
    /// The model directory that it was found below.
    pub root: &'a Path,
    /// All model directories, for files that belong to it.
    pub directories: &'a [PathBuf],
}

/// The sizes that a network works at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// One latent without the batch: [channels, height, width] at the native size.
    pub latent_shape: Vec<u32>,
    /// Pixels of an image's side for each value of a latent's side.
    pub pixels: u32,
    /// An image's sides are multiples of this many pixels; 0 where there is no size but the native
    /// one, none where only the loaded network knows.
    pub multiple: Option<u32>,
}

/// A network that lies in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// What graphs call it. No two built-in networks have one name; a file below a model directory
    /// that is called the same is never loaded.
    pub name: &'static str,
    /// Its kind, one of [`Family::kinds`].
    pub kind: &'static str,
    /// Its weights, a safetensors file.
    pub weights: &'static [u8],
}

/// The families of this build.
pub(crate) fn all() -> Vec<Arc<dyn Family>> {
    vec![Arc::new(tiny::Family), Arc::new(sd1::Family)]
}
