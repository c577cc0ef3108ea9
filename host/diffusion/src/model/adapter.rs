//! A small weight set that a network takes beside its own: a LoRA, a ControlNet and their like.

use std::path::PathBuf;

use amdm::error::{Code, Error};

use crate::weights::WeightFile;
use crate::{Result, error};

/// What a node asks a network to attach; [`crate::Denoiser::with_adapter`] does it.
pub struct Adapter<'a> {
    /// What the graph calls it: a weight file below a model directory, or a name that the network
    /// alone understands.
    pub name: &'a str,
    /// Empty, or a JSON object that the network understands, such as a strength.
    pub options_json: &'a str,
    /// The path of a name, where a file has it.
    file: &'a dyn Fn(&str) -> Result<Option<PathBuf>>,
}

impl<'a> Adapter<'a> {
    /// An adapter whose weights lie where `file` finds its name; [`crate::Models::with_adapter`]
    /// gives one that looks into the model directories.
    pub fn new(
        name: &'a str,
        options_json: &'a str,
        file: &'a dyn Fn(&str) -> Result<Option<PathBuf>>,
    ) -> Self {
        Self { name, options_json, file }
    }

    /// Reads its weight file, of at most `most` bytes.
    ///
    /// # Errors
    /// `not_found` where no file has the name, `denied` for a name that leads out of the
    /// directories, `unsupported` for a larger file, `input_output` where reading fails.
    pub fn weights(&self, most: u64) -> Result<WeightFile> {
        let name = self.name;
        let path = (self.file)(name).map_err(|error| match error.code {
            Code::Denied => {
                let message = format!("adapter `{name}` leads out of the model directories");
                Error::new(Code::Denied, message)
            }
            _ => error,
        })?;
        let Some(path) = path else {
            let message = format!("adapter `{name}` is in no model directory");
            return Err(Error::new(Code::NotFound, message));
        };
        let read = WeightFile::read(&path, most).map_err(|error| {
            Error::new(Code::InputOutput, format!("adapter `{name}` cannot be read: {error}"))
        })?;
        let large = || format!("adapter `{name}` is larger than {most} bytes");
        read.ok_or_else(|| error::unsupported(large()))
    }
}
