//! Folders of weights as diffusers writes them: one file or several with an index, a configuration
//! beside them.
//!
//! What is read lies below the model directory, links included; an index names files of its own
//! folder alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use amdm::error::{Code, Error};
use serde_json::Value;

use super::tensor_file::unreadable;
use super::{TensorFile, quoted};
use crate::Result;

/// Names of weight files without their ends, and the ends, each in the order to look for them.
const STEMS: [&str; 3] = ["diffusion_pytorch_model", "model", "pytorch_model"];
const ENDS: [&str; 8] = [
    "safetensors",
    "safetensors.index.json",
    "fp16.safetensors",
    "safetensors.index.fp16.json",
    "bin",
    "bin.index.json",
    "fp16.bin",
    "bin.index.fp16.json",
];
const CONFIGURATION: &str = "config.json";
/// Bytes of a configuration or an index; large indexes have some hundred kilobytes.
const JSON_BYTES_MAX: u64 = 8 << 20;
/// Files that one index joins.
const FILES_MAX: usize = 256;

/// A folder below a model directory.
pub(super) struct Folder {
    path: PathBuf,
    root: PathBuf,
    name: String,
}

/// Weights that were found.
pub(super) struct Found {
    /// Together they hold what a part needs.
    pub(super) files: Vec<TensorFile>,
    /// What `config.json` beside them says.
    pub(super) configuration: Option<Value>,
}

impl Folder {
    /// The folder at `path`, below `root`, which messages call `name`.
    pub(super) fn new(path: &Path, name: &str, root: &Path) -> Result<Self> {
        let real = |path: &Path| path.canonicalize().map_err(|e| unreadable(name, &e));
        let folder = Self { path: real(path)?, root: real(root)?, name: name.to_owned() };
        folder.check(&folder.path)?;
        Ok(folder)
    }

    /// The folder called `below` in this one; none where there is none.
    pub(super) fn below(&self, below: &str) -> Result<Option<Self>> {
        let path = self.path.join(below);
        if !path.is_dir() {
            return Ok(None);
        }
        Self::new(&path, &format!("{}/{below}", self.name), &self.root).map(Some)
    }

    /// The weights that lie here.
    pub(super) fn weights(&self) -> Result<Found> {
        let names = STEMS.iter().flat_map(|stem| ENDS.map(|end| format!("{stem}.{end}")));
        let found = names.map(|name| self.path.join(name)).find(|path| path.is_file());
        let Some(path) = found else {
            let expected = format!("{}.{} or the like", STEMS[0], ENDS[0]);
            let message = format!("folder `{}` has no weights, expected {expected}", self.name);
            return Err(Error::new(Code::NotFound, message));
        };
        let files = self.file(&path)?.files;
        Ok(Found { files, configuration: self.json(CONFIGURATION)? })
    }

    /// The weights of a file of this folder, or those that it joins where it is an index.
    pub(super) fn file(&self, path: &Path) -> Result<Found> {
        let path = self.inside(path)?;
        let is_index = path.extension().is_some_and(|end| end == "json");
        let files = if is_index { self.index(&path)? } else { vec![self.tensors(&path)?] };
        Ok(Found { files, configuration: None })
    }

    /// What the JSON file called `name` here says; none where there is none.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>> {
        let path = self.path.join(name);
        if !path.is_file() {
            return Ok(None);
        }
        let text = self.text(&self.inside(&path)?)?;
        let value = serde_json::from_str(&text);
        value.map(Some).map_err(|e| self.invalid(&format!("{name} is no JSON: {e}")))
    }

    /// The files that the index at `path` joins, each with the tensors that it says.
    fn index(&self, path: &Path) -> Result<Vec<TensorFile>> {
        let text = self.text(path)?;
        let Index { weight_map } = serde_json::from_str(&text)
            .map_err(|e| self.invalid(&format!("its index is none: {e}")))?;
        let names: BTreeSet<&String> = weight_map.values().collect();
        if names.len() > FILES_MAX {
            let found = names.len();
            let message = format!("its index names {found} files, expected at most {FILES_MAX}");
            return Err(self.invalid(&message));
        }
        let mut files = BTreeMap::new();
        for name in names {
            let is_plain = Path::new(name).file_name().is_some_and(|file| file == name.as_str());
            if !is_plain || name.contains(['\\', '\0']) {
                let message = format!("index of `{}` names {}", self.name, quoted(name));
                return Err(Error::new(Code::Denied, format!("{message}, which leads out")));
            }
            files.insert(name.as_str(), self.tensors(&self.inside(&self.path.join(name))?)?);
        }
        for (tensor, name) in &weight_map {
            let header = files.get(name.as_str()).map(TensorFile::header);
            if header.and_then(|header| header.tensor(tensor)).is_none() {
                let (tensor, name) = (quoted(tensor), quoted(name));
                let message =
                    format!("its index says that {name} holds tensor {tensor}, it does not");
                return Err(self.invalid(&message));
            }
        }
        Ok(files.into_values().collect())
    }

    fn tensors(&self, path: &Path) -> Result<TensorFile> {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let is_named = self.name.ends_with(&*file);
        let name = if is_named { self.name.clone() } else { format!("{}/{file}", self.name) };
        TensorFile::open(path, &name)
    }

    fn text(&self, path: &Path) -> Result<String> {
        let file = File::open(path).map_err(|e| unreadable(&self.name, &e))?;
        let mut text = String::new();
        let read = file.take(JSON_BYTES_MAX + 1).read_to_string(&mut text);
        read.map_err(|e| unreadable(&self.name, &e))?;
        if text.len() as u64 > JSON_BYTES_MAX {
            let message = format!("found more than {JSON_BYTES_MAX} bytes of JSON");
            return Err(self.invalid(&message));
        }
        Ok(text)
    }

    /// `path` without links, which must lie below the model directory.
    fn inside(&self, path: &Path) -> Result<PathBuf> {
        let real = path.canonicalize().map_err(|e| unreadable(&self.name, &e))?;
        self.check(&real)?;
        Ok(real)
    }

    fn check(&self, real: &Path) -> Result<()> {
        if real.starts_with(&self.root) {
            return Ok(());
        }
        let message = format!("`{}` leads out of the model directories", self.name);
        Err(Error::new(Code::Denied, message))
    }

    fn invalid(&self, message: &str) -> Error {
        Error::invalid(format!("weights `{}`: {message}", self.name))
    }
}

/// What an index says: in which file each tensor is.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}
