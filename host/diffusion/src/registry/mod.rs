//! Names to networks: built in, registered by the embedder, or found in model directories.
//!
//! A network is loaded once and shared by everyone who asks for it with the same options; a file
//! that has changed since is loaded anew. A name resolves inside the model directories or not at all.

mod directory;
pub mod listing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use amdm::error::{Code, Error};

use crate::families::tiny;
use crate::{Denoiser, Device, Result};

type Shared = Arc<dyn Denoiser>;
/// Holds the lock of one model while it loads, so that others load meanwhile.
type Slot = Arc<Mutex<Option<(Stamp, Shared)>>>;
/// When a weight file was changed, and its bytes; none for what is no file.
type Stamp = Option<(SystemTime, u64)>;

/// Registrations so far, of all hosts: no two have one number.
static REGISTRATIONS: AtomicU64 = AtomicU64::new(0);

/// Where a name's network comes from, for those who keep results that it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// Weights in the program.
    BuiltIn(&'static [u8]),
    /// The embedder's, by a number that no other registration in this process has, and the version
    /// that the embedder says it has.
    Registered(u64, Option<String>),
    /// A weight file, resolved.
    File(PathBuf),
}

/// A network of the embedder's.
struct Registered {
    number: u64,
    version: Option<String>,
    model: Shared,
}

/// The networks that a name may mean, on one device.
pub struct Models {
    device: Device,
    built_in: bool,
    directories: Vec<PathBuf>,
    registered: Mutex<BTreeMap<String, Registered>>,
    loaded: Mutex<BTreeMap<(String, String), Slot>>,
}

impl Models {
    /// The built-in networks `tiny-attributes`, `tiny-layout` and `tiny-style`.
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            built_in: true,
            directories: Vec::new(),
            registered: Mutex::default(),
            loaded: Mutex::default(),
        }
    }

    /// No networks at all.
    pub fn none(device: &Device) -> Self {
        Self { built_in: false, ..Self::new(device) }
    }

    /// Also finds weight files below these directories, the first match first.
    #[must_use]
    pub fn with_directories(mut self, directories: impl IntoIterator<Item = PathBuf>) -> Self {
        self.directories.extend(directories);
        self
    }

    /// Where the networks run.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The network called `name`: a registered one, a built-in one, or a file below a model
    /// directory such as `sub/file.safetensors`.
    ///
    /// `options_json` is empty or a JSON object. `{"family": "tiny-layout"}` (or `tiny-attributes`,
    /// `tiny-style`) says what a weight file holds; without it the file must say so itself, by
    /// `amdm.family` in its safetensors metadata.
    ///
    /// # Errors
    /// `not_found` with the closest known name and all of them; `denied` for a name that leads out
    /// of the directories; `unsupported` for files that this build cannot load; `invalid_input` for
    /// options that do not fit; `input_output` where reading fails.
    pub fn load(&self, name: &str, options_json: &str) -> Result<Arc<dyn Denoiser>> {
        if let Some(own) = lock(&self.registered).get(name) {
            return Ok(Arc::clone(&own.model));
        }
        let options = Options::parse(options_json)?;
        let key = (name.to_owned(), options.family.clone().unwrap_or_default());
        let slot = Arc::clone(lock(&self.loaded).entry(key.clone()).or_default());
        let mut model = lock(&slot);
        let path = match tiny::Kind::built_in(name) {
            Some(_) => None,
            None => directory::find(&self.directories, name)?,
        };
        let stamp = path.as_deref().and_then(stamp);
        if let Some((known, model)) = &*model
            && *known == stamp
        {
            return Ok(Arc::clone(model));
        }
        match self.read(name, path.as_deref(), &options) {
            Ok(fresh) => Ok(Arc::clone(&model.insert((stamp, fresh)).1)),
            Err(error) => {
                lock(&self.loaded).remove(&key);
                Err(error)
            }
        }
    }

    fn read(&self, name: &str, path: Option<&Path>, options: &Options) -> Result<Shared> {
        if let Some(kind) = tiny::Kind::built_in(name).filter(|_| self.built_in) {
            if let Some(found) = options.family.as_ref().filter(|family| *family != name) {
                let message = format!("found family `{found}`, the built-in model is `{name}`");
                return Err(Error::invalid(message).at("family"));
            }
            return Ok(Arc::new(tiny::Tiny::built_in(kind, &self.device)?));
        }
        match path {
            Some(path) => directory::load(path, name, options, &self.device),
            None => Err(self.unknown(name)),
        }
    }

    /// Where [`Models::load`] would find the network called `name`.
    ///
    /// # Errors
    /// `not_found` for a name that means nothing, `denied` for one that leads out of the directories.
    pub fn source(&self, name: &str) -> Result<ModelSource> {
        if let Some(own) = lock(&self.registered).get(name) {
            return Ok(ModelSource::Registered(own.number, own.version.clone()));
        }
        if let Some(kind) = tiny::Kind::built_in(name).filter(|_| self.built_in) {
            return Ok(ModelSource::BuiltIn(kind.weights()));
        }
        match directory::find(&self.directories, name)? {
            Some(path) => Ok(ModelSource::File(path)),
            None => Err(self.unknown(name)),
        }
    }

    /// Names that [`Models::load`] takes, sorted, for `kind` `models`; none of other kinds.
    ///
    /// Files are listed where this build can load them.
    pub fn names(&self, kind: &str) -> Vec<String> {
        if kind != "models" {
            return Vec::new();
        }
        let built_in = tiny::Kind::ALL.iter().filter(|_| self.built_in);
        let mut names: Vec<String> = built_in.map(|kind| kind.name().into()).collect();
        names.extend(lock(&self.registered).keys().cloned());
        names.extend(directory::names(&self.directories));
        names.sort();
        names.dedup();
        names
    }

    /// Gives a network of the embedder's own a name.
    /// `version` says, together with the name, all about it: results of other processes with the same
    /// are taken for its own. Without one they are kept in memory alone.
    ///
    /// # Errors
    /// `invalid_input` for an empty name or one that is taken: built in, registered, or a file's.
    pub fn register(
        &self,
        name: &str,
        model: Arc<dyn Denoiser>,
        version: Option<String>,
    ) -> Result<()> {
        let mut registered = lock(&self.registered);
        let taken = tiny::Kind::built_in(name).is_some()
            || registered.contains_key(name)
            || matches!(directory::find(&self.directories, name), Ok(Some(_)));
        if name.is_empty() || taken {
            let message = format!("found model name `{name}`, expected one that is not taken");
            return Err(Error::invalid(message));
        }
        let number = REGISTRATIONS.fetch_add(1, Ordering::Relaxed);
        registered.insert(name.to_owned(), Registered { number, version, model });
        Ok(())
    }

    /// Shape of one latent of the model called `name` and the pixels that one of its values is wide,
    /// where that is known without loading anything.
    pub fn latent_shape(&self, name: &str) -> Option<(Vec<u32>, u32)> {
        if let Some(own) = lock(&self.registered).get(name) {
            return Some((own.model.info().latent_shape.clone(), 1));
        }
        tiny::Kind::built_in(name).filter(|_| self.built_in).map(|_| (tiny::LATENT_SHAPE.into(), 1))
    }

    fn unknown(&self, name: &str) -> Error {
        let names = self.names("models");
        let closest = names.iter().min_by_key(|known| distance(name, known));
        let closest = closest.map(|known| format!(" (closest: `{known}`)")).unwrap_or_default();
        let known = names.join(", ");
        let message = format!("found model `{name}`{closest}, expected one of {known}");
        Error::new(Code::NotFound, message)
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// What a graph may say about how to load a file.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// What a weight file holds, where it does not say so itself.
    family: Option<String>,
}

impl Options {
    fn parse(json: &str) -> Result<Self> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(json).map_err(|e| Error::invalid(format!("model options: {e}")))
    }
}

/// Locks; a panic of another holder leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Edits between two names (Levenshtein), case aside.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().take(256).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(256).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
