//! What a name means: a network of the embedder's, a built-in one, or a weight file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::error::{Code, Error};
use amdm::math::{Sampler, Scheduler};

use super::closest::closest;
use super::directory::{self, Content, Found, Judged, Stamp, stamp};
use crate::families::{self, BuiltIn, Family, Place, Sizes};
use crate::weights::WeightFile;
use crate::{Adapter, Codec, Denoiser, Device, Result, error};

/// What the option `family` says to leave the kind to the weight file.
const AUTO: &str = "auto";
/// The folder of a model directory for codecs.
const CODECS: &str = "vae";

type Shared = Arc<dyn Denoiser>;
/// Holds the lock of one model while it loads, so that others load meanwhile.
type Slot = Arc<Mutex<Option<(Stamp, Shared)>>>;

/// Codecs of files by name, and what the files looked like.
type Codecs = BTreeMap<String, (Stamp, Arc<dyn Codec>)>;

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
    families: Vec<Arc<dyn Family>>,
    /// The networks in the program that are offered, with their families.
    built_in: Vec<(Arc<dyn Family>, BuiltIn)>,
    directories: Vec<PathBuf>,
    registered: Mutex<BTreeMap<String, Registered>>,
    loaded: Mutex<BTreeMap<(String, String), Slot>>,
    codecs: Mutex<Codecs>,
    /// What the last listing found in the directories.
    judged: Mutex<Arc<Judged>>,
}

impl Models {
    /// The built-in networks of all families of this build.
    pub fn new(device: &Device) -> Self {
        let mut models = Self::none(device);
        models.built_in = models.families.iter().flat_map(built_in).collect();
        models
    }

    /// No built-in networks. Weight files of this build's families can still be loaded, from the
    /// directories that [`Models::with_directories`] adds.
    pub fn none(device: &Device) -> Self {
        Self {
            device: device.clone(),
            families: families::all(),
            built_in: Vec::new(),
            directories: Vec::new(),
            registered: Mutex::default(),
            loaded: Mutex::default(),
            codecs: Mutex::default(),
            judged: Mutex::default(),
        }
    }

    /// Also knows the weight files of `family`, and offers its built-in networks.
    ///
    /// # Errors
    /// `invalid_input` where a name is taken: that of a kind by another kind or by the word `auto`,
    /// that of a built-in network by another one or by a registered network.
    pub fn with_family(mut self, family: Arc<dyn Family>) -> Result<Self> {
        self.check_names(&*family)?;
        self.built_in.extend(built_in(&family));
        self.families.push(family);
        self.judged = Mutex::default();
        Ok(self)
    }

    /// Fails where something else has one of the family's names already.
    fn check_names(&self, family: &dyn Family) -> Result<()> {
        let mut kinds: BTreeSet<&str> = self.families.iter().flat_map(|f| f.kinds()).collect();
        kinds.insert(AUTO);
        if let Some(kind) = family.kinds().into_iter().find(|kind| !kinds.insert(kind)) {
            return Err(taken("family", kind));
        }
        let registered = lock(&self.registered);
        let mut networks = self.built_in_names();
        networks.extend(registered.keys().map(String::as_str));
        match family.built_in().into_iter().find(|network| !networks.insert(network.name)) {
            Some(network) => Err(taken("model name", network.name)),
            None => Ok(()),
        }
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
    /// `options_json` is empty or a JSON object. `{"family": KIND}` says what a weight file holds,
    /// by one of the names that [`Models::names`] gives for `families`; without it, and with
    /// `auto`, the file must say so itself: by `amdm.family` in its safetensors metadata, or by a
    /// header that fits one kind alone.
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
        let found = match self.is_reserved(name) {
            true => None,
            false => self.find(name)?,
        };
        let stamp = found.as_ref().and_then(|found| stamp(&found.path));
        if let Some((known, model)) = &*model
            && *known == stamp
        {
            return Ok(Arc::clone(model));
        }
        match self.read(name, found.as_ref(), &options) {
            Ok(fresh) => Ok(Arc::clone(&model.insert((stamp, fresh)).1)),
            Err(error) => {
                lock(&self.loaded).remove(&key);
                Err(error)
            }
        }
    }

    fn read(&self, name: &str, found: Option<&Found>, options: &Options) -> Result<Shared> {
        if let Some((family, built_in)) = self.built_in(name) {
            if let Some(found) = options.family.as_ref().filter(|kind| *kind != built_in.kind) {
                let kind = built_in.kind;
                let message = format!("found family `{found}`, the built-in model is `{kind}`");
                return Err(Error::invalid(message).at("family"));
            }
            let weights = WeightFile::new(built_in.weights);
            return family.load(built_in.kind, name, &weights, &self.device);
        }
        let asked = options.family.as_deref();
        let Some(found) = found else { return Err(self.unknown(name)) };
        let (path, root) = (&found.path, &found.root);
        let place = Place { path, root, directories: &self.directories };
        directory::load(&self.families, &place, name, asked, &self.device)
    }

    /// The network's file called `name`, below the directories or their folders for networks.
    fn find(&self, name: &str) -> Result<Option<Found>> {
        directory::find(&self.directories, &directory::NETWORK_FOLDERS, name)
    }

    /// Where [`Models::load`] would find the network called `name`.
    ///
    /// # Errors
    /// `not_found` for a name that means nothing, `denied` for one that leads out of the
    /// directories.
    pub fn source(&self, name: &str) -> Result<ModelSource> {
        if let Some(own) = lock(&self.registered).get(name) {
            return Ok(ModelSource::Registered(own.number, own.version.clone()));
        }
        if let Some((_, built_in)) = self.built_in(name) {
            return Ok(ModelSource::BuiltIn(built_in.weights));
        }
        match self.find(name)? {
            Some(found) => Ok(ModelSource::File(found.path)),
            None => Err(self.unknown(name)),
        }
    }

    /// `model` with the adapter called `name`: of `options_json` and its weight file, which lies
    /// below a model directory, the network knows what to do with them.
    ///
    /// # Errors
    /// `unsupported` where the model takes none; those of [`crate::Adapter::weights`] and of the
    /// model.
    pub fn with_adapter(
        &self,
        model: &dyn Denoiser,
        name: &str,
        options_json: &str,
    ) -> Result<Arc<dyn Denoiser>> {
        model.with_adapter(&Adapter::new(name, options_json, &|name| self.file(name)))
    }

    /// The codec called `name`: in a file below the folder `vae` of a model directory, or below a
    /// directory itself.
    ///
    /// # Errors
    /// `not_found`, `denied` for a name that leads out of the directories, `unsupported` for what
    /// no family takes; those of reading.
    pub fn codec(&self, name: &str) -> Result<Arc<dyn Codec>> {
        let found = self.codec_place(name)?;
        let stamp = stamp(&found.path);
        if let Some((known, codec)) = lock(&self.codecs).get(name)
            && *known == stamp
        {
            return Ok(Arc::clone(codec));
        }
        let (path, root) = (&found.path, &found.root);
        let place = Place { path, root, directories: &self.directories };
        for family in &self.families {
            if let Some(codec) = family.codec(name, &place, &self.device)? {
                lock(&self.codecs).insert(name.to_owned(), (stamp, Arc::clone(&codec)));
                return Ok(codec);
            }
        }
        Err(error::unsupported(format!("found codec `{name}`, which no family of models takes")))
    }

    /// The file of the codec called `name`.
    ///
    /// # Errors
    /// As [`Models::codec`].
    pub fn codec_file(&self, name: &str) -> Result<PathBuf> {
        Ok(self.codec_place(name)?.path)
    }

    fn codec_place(&self, name: &str) -> Result<Found> {
        let found = directory::find(&self.directories, &[CODECS], name)?;
        found.ok_or_else(|| {
            let known = match self.codec_names() {
                names if names.is_empty() => "a file below the folder `vae`".to_owned(),
                names => format!("one of {}", names.join(", ")),
            };
            Error::new(Code::NotFound, format!("found codec `{name}`, expected {known}"))
        })
    }

    /// Files below the folder for codecs.
    fn codec_names(&self) -> Vec<String> {
        let inside = |name: &str| Some(name.strip_prefix(CODECS)?.strip_prefix('/')?.to_owned());
        let files = [Content::Network, Content::Other].map(|content| self.files(content));
        sorted(files.iter().flatten().filter_map(|name| inside(name)).collect())
    }

    /// The file called `name` in the model directories, whatever it holds.
    ///
    /// # Errors
    /// `denied` for a name that leads out of the directories.
    pub fn file(&self, name: &str) -> Result<Option<PathBuf>> {
        Ok(directory::find(&self.directories, &[], name)?.map(|found| found.path))
    }

    /// Names for `kind`. Of `models` those that [`Models::load`] takes, sorted; files are among
    /// them where this build can load them. Of `checkpoints` those of the files, without the folder
    /// `checkpoints`; none of folders for other kinds of files. Of `vae` those of the files below the
    /// folder `vae`. Of `adapters` the other weight files below the model
    /// directories, sorted. Of `families` what the option `family` may say. Of `samplers` and
    /// `schedulers` those of ComfyUI's KSampler, in its order. None of other kinds.
    pub fn names(&self, kind: &str) -> Vec<String> {
        match kind {
            "models" => self.model_names(),
            "checkpoints" => self.checkpoints(),
            "vae" => self.codec_names(),
            "samplers" => Sampler::ALL.iter().map(|name| name.as_str().to_owned()).collect(),
            "schedulers" => Scheduler::ALL.iter().map(|name| name.as_str().to_owned()).collect(),
            "adapters" => sorted(self.files(Content::Other)),
            "families" => {
                let kinds = self.families.iter().flat_map(|family| family.kinds());
                std::iter::once(AUTO).chain(kinds).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    fn model_names(&self) -> Vec<String> {
        let built_in = self.built_in.iter().map(|(_, built_in)| built_in.name.to_owned());
        let mut names: Vec<String> = built_in.collect();
        names.extend(lock(&self.registered).keys().cloned());
        names.extend(self.files(Content::Network));
        sorted(names)
    }

    fn checkpoints(&self) -> Vec<String> {
        let [checkpoints, others @ ..] = directory::NETWORK_FOLDERS;
        let below = |name: &str, folder: &str| {
            Some(name.strip_prefix(folder)?.strip_prefix('/')?.to_owned())
        };
        let files = self.files(Content::Network).into_iter();
        let files = files.filter(|name| others.iter().all(|folder| below(name, folder).is_none()));
        sorted(files.map(|name| below(&name, checkpoints).unwrap_or(name)).collect())
    }

    /// Files below the model directories that hold `content`.
    fn files(&self, content: Content) -> Vec<String> {
        let before = Arc::clone(&lock(&self.judged));
        let (files, judged) = directory::files(&self.families, &self.directories, &before);
        *lock(&self.judged) = Arc::new(judged);
        let wanted = files.into_iter().filter(|(_, found)| *found == content);
        wanted.map(|(name, _)| name).collect()
    }

    /// Gives a network of the embedder's own a name.
    ///
    /// `version` says, together with the name, all about it: results of other processes with the
    /// same are taken for its own. Without one they are kept in memory alone.
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
        let is_taken = self.is_reserved(name)
            || registered.contains_key(name)
            || matches!(self.find(name), Ok(Some(_)));
        if name.is_empty() || is_taken {
            return Err(taken("model name", name));
        }
        let number = REGISTRATIONS.fetch_add(1, Ordering::Relaxed);
        registered.insert(name.to_owned(), Registered { number, version, model });
        Ok(())
    }

    /// The sizes of the model called `name`, where they are known without loading anything.
    pub fn sizes(&self, name: &str) -> Option<Sizes> {
        if let Some(own) = lock(&self.registered).get(name) {
            let latent_shape = own.model.info().latent_shape.clone();
            return Some(Sizes { latent_shape, pixels: 1, multiple: None });
        }
        let (family, built_in) = self.built_in(name)?;
        family.sizes(built_in.kind)
    }

    /// The built-in network called `name`, where it is offered.
    fn built_in(&self, name: &str) -> Option<(&dyn Family, BuiltIn)> {
        let found = self.built_in.iter().find(|(_, built_in)| built_in.name == name);
        found.map(|(family, built_in)| (&**family, *built_in))
    }

    /// Whether a built-in network of a known family is called `name`. The name belongs to it even
    /// where it is not offered: no file and no registered network may have it.
    fn is_reserved(&self, name: &str) -> bool {
        self.built_in_names().contains(name)
    }

    /// Names of the built-in networks of all families, offered or not.
    fn built_in_names(&self) -> BTreeSet<&str> {
        let all = self.families.iter().flat_map(|family| family.built_in());
        all.map(|built_in| built_in.name).collect()
    }

    fn unknown(&self, name: &str) -> Error {
        let names = self.model_names();
        let closest = closest(name, &names);
        let closest = closest.map(|known| format!(" (closest: `{known}`)")).unwrap_or_default();
        let known = names.join(", ");
        let message = format!("found model `{name}`{closest}, expected one of {known}");
        Error::new(Code::NotFound, message)
    }
}

/// The error of a name that something else has already.
fn taken(what: &str, name: &str) -> Error {
    Error::invalid(format!("found {what} `{name}`, expected one that is not taken"))
}

/// The networks of a family that lie in the program.
fn built_in(family: &Arc<dyn Family>) -> impl Iterator<Item = (Arc<dyn Family>, BuiltIn)> {
    let family = Arc::clone(family);
    family.built_in().into_iter().map(move |built_in| (Arc::clone(&family), built_in))
}

/// Names in their order, each once.
fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// What a graph may say about how to load a file.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// What a weight file holds, where it does not say so itself.
    family: Option<String>,
}

impl Options {
    fn parse(json: &str) -> Result<Self> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut options: Self = serde_json::from_str(json)
            .map_err(|e| Error::invalid(format!("model options: {e}")))?;
        options.family.take_if(|family| family.is_empty() || family == AUTO);
        Ok(options)
    }
}

/// Locks; a panic of another holder leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
