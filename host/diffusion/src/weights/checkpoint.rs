//! A checkpoint, opened: which parts of a model it holds, in one file or several.
//!
//! A file may hold all parts or one. An index (`*.index.json`) joins the files that it names. A
//! folder of diffusers has a folder for each part, with a configuration beside the weights; a folder
//! may also hold one part alone. Opening reads headers and configurations: values come from the
//! disk when they are asked for.

use std::collections::BTreeMap;
use std::path::Path;

use amdm::error::Error;
use serde_json::Value;

use super::folder::{Folder, Found};
use super::{Architecture, Part, TensorFile, Weights};
use crate::{Device, Result};

/// Folders of diffusers that parts lie in.
const FOLDERS: [(Part, &str); 4] = [
    (Part::Unet, "unet"),
    (Part::Vae, "vae"),
    (Part::Text, "text_encoder"),
    (Part::Control, "controlnet"),
];
/// Where a folder of diffusers says how its levels of noise are made.
const SCHEDULER: &str = "scheduler/scheduler_config.json";

/// The files of a checkpoint by the parts that they hold.
pub(crate) struct Checkpoint {
    name: String,
    sources: Vec<Found>,
    parts: BTreeMap<Part, usize>,
    scheduler: Option<Value>,
}

impl Checkpoint {
    /// Opens what lies at `path`, which messages call `name`: a weight file, an index, or a folder.
    /// All files lie below the folder `root`, links included.
    ///
    /// # Errors
    /// `denied` for what leads out of `root`, `not_found` and `invalid_input` for a folder or an
    /// index without its weights, `input_output` where reading fails; those of
    /// [`TensorFile::open`].
    pub(crate) fn open(path: &Path, name: &str, root: &Path) -> Result<Self> {
        if !path.is_dir() {
            let found = Folder::new(path.parent().unwrap_or(path), name, root)?.file(path)?;
            return Ok(Self::of(name, vec![found], None));
        }
        let folder = Folder::new(path, name, root)?;
        let mut sources = Vec::new();
        let mut parts = BTreeMap::new();
        for (part, below) in FOLDERS {
            if let Some(found) = folder.below(below)?.map(|below| below.weights()).transpose()? {
                parts.insert(part, sources.len());
                sources.push(found);
            }
        }
        if sources.is_empty() {
            return Ok(Self::of(name, vec![folder.weights()?], None));
        }
        let scheduler = folder.json(SCHEDULER)?;
        Ok(Self { name: name.to_owned(), sources, parts, scheduler })
    }

    /// The checkpoint of an opened file.
    pub(crate) fn file(file: TensorFile) -> Self {
        let name = file.name().to_owned();
        Self::of(&name, vec![Found { files: vec![file], configuration: None }], None)
    }

    fn of(name: &str, sources: Vec<Found>, scheduler: Option<Value>) -> Self {
        let mut parts = BTreeMap::new();
        for (place, found) in sources.iter().enumerate() {
            let held = Part::ALL.into_iter().filter(|part| part.is_among(&found.files));
            parts.extend(held.map(|part| (part, place)));
        }
        Self { name: name.to_owned(), sources, parts, scheduler }
    }

    /// The parts that it holds.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        self.parts.keys().copied()
    }

    /// What the file is, or the first of a folder, told by the names of its tensors.
    pub(crate) fn architecture(&self) -> Architecture {
        let first = self.sources.first();
        first.map_or(Architecture::Unknown, |found| Architecture::of_files(&found.files))
    }

    /// The files that hold `part`; none where it is missing.
    pub(crate) fn files(&self, part: Part) -> &[TensorFile] {
        self.found(part).map_or(&[], |found| &found.files)
    }

    /// What `config.json` beside the weights of `part` says.
    pub(crate) fn configuration(&self, part: Part) -> Option<&Value> {
        self.found(part)?.configuration.as_ref()
    }

    /// What the folder says about its levels of noise, such as `prediction_type`.
    pub(crate) fn scheduler(&self) -> Option<&Value> {
        self.scheduler.as_ref()
    }

    /// The weights of `part`, by the names of diffusers.
    ///
    /// # Errors
    /// `invalid_input` where it is missing.
    pub(crate) fn weights<'d>(&self, part: Part, device: &'d Device) -> Result<Weights<'d>> {
        let Some(found) = self.found(part) else {
            let (found, held) = (self.architecture().name(), self.parts().map(Part::name));
            let held: Vec<&str> = held.collect();
            let with = if held.is_empty() { "" } else { " with " };
            let found = format!("{found}{with}{}", held.join(", "));
            let (name, part) = (&self.name, part.name());
            let message = format!("weights `{name}`: found {found}, expected a {part}");
            return Err(Error::invalid(message));
        };
        Weights::of(&found.files, part, device)
    }

    fn found(&self, part: Part) -> Option<&Found> {
        self.sources.get(*self.parts.get(&part)?)
    }
}

#[cfg(test)]
mod tests;
