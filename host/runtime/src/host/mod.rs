//! The host: packs, models and a device, opened once; runs graphs, any number at a time.

mod packs;
mod runs;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use amdm::catalogue::{Catalogue, Choices, Descriptor};
use amdm::error::{Code, Error};
use amdm::graph::{Checked, Document, GraphError, validate};
use amdm_diffusion::{Device, Models};
use wasmtime::Engine;

use crate::cache::{ResultCache, Results, Sources, origins};
use crate::cancel::Cancel;
use crate::failure::{Failure, FailureCode};
use crate::limits::Limits;
use crate::own::{NativeFile, NativePack, Node, Registration};
use crate::pictures::Inputs;
use crate::prepare::Graphs;
use crate::registry::Registry;
use crate::wasm::{CacheDir, Origin, Pack, engine, pack};
use crate::worker;

/// The standard pack, as `cargo xtask nodes` built it.
const STANDARD: &[u8] = include_bytes!("../../../../nodes/prebuilt/amdm_nodes.wasm");

/// How a host is opened.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// `auto`, `cpu`, `cuda`, `cuda:1`.
    pub device: String,
    /// Threads on the CPU; 0 takes all cores.
    pub threads: usize,
    /// Directories of further packs.
    pub pack_dirs: Vec<PathBuf>,
    /// Directories of models.
    pub model_dirs: Vec<PathBuf>,
    /// Where compiled packs are kept.
    pub cache: CacheDir,
    /// Where results of nodes are kept.
    pub results: ResultCache,
    /// Bounds.
    pub limits: Limits,
    /// Stops the opening: packs without descriptors are asked for them.
    pub cancel: Cancel,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            device: "auto".into(),
            threads: 0,
            pack_dirs: Vec::new(),
            model_dirs: Vec::new(),
            cache: CacheDir::default(),
            results: ResultCache::default(),
            limits: Limits::default(),
            cancel: Cancel::new(),
        }
    }
}

/// Runs graphs.
pub struct Host {
    engine: Engine,
    registry: RwLock<Arc<Registry>>,
    device: Device,
    models: Arc<Models>,
    results: Arc<Results>,
    limits: Limits,
    clock: engine::Clock,
    confirmed: Mutex<HashMap<String, Result<(), Failure>>>,
}

impl Host {
    /// Opens the device and all packs.
    ///
    /// # Errors
    /// Names the option at fault as its input: `device` or `threads` (`unsupported` for a device
    /// this build has not), `packs` and `models` for directories that cannot be read.
    /// `pack_invalid` and `input_output` for files that are no packs: all of them, a line each.
    /// Also any error of a pack without descriptors, which must be run to describe itself;
    /// `cancelled` where `options.cancel` stops that.
    pub fn open(options: &HostOptions) -> Result<Self, Failure> {
        worker::run(|| Self::load(options))
    }

    fn load(options: &HostOptions) -> Result<Self, Failure> {
        let engine = engine::engine(&options.cache)?;
        let linker = engine::linker(&engine)?;
        let device = Device::open(&options.device, options.threads)?;
        for dir in &options.model_dirs {
            readable(dir)?;
        }
        let models = Models::new(&device).with_directories(options.model_dirs.clone());
        let host = Self {
            engine,
            registry: RwLock::default(),
            device,
            models: Arc::new(models),
            results: Arc::new(Results::new(&options.results)),
            limits: options.limits.clone(),
            clock: engine::Clock::default(),
            confirmed: Mutex::default(),
        };
        let cancel = &options.cancel;
        host.add(&linker, Origin::Embedded("amdm:node"), STANDARD.to_vec(), cancel)?;
        let mut invalid = Vec::new();
        for dir in &options.pack_dirs {
            let unreadable = |failure| Failure { input: Some("packs".into()), ..failure };
            for path in pack::files(dir).map_err(unreadable)? {
                let added = pack::read(&path, options.limits.pack_bytes)
                    .and_then(|bytes| host.add(&linker, Origin::File(path), bytes, cancel));
                let bad = [FailureCode::PackInvalid, FailureCode::Node(Code::InputOutput)];
                match added {
                    Err(failure) if bad.contains(&failure.code) => invalid.push(failure),
                    added => added?,
                }
            }
        }
        let Some(last) = invalid.pop() else { return Ok(host) };
        let before = invalid.iter().map(|failure| format!("{failure}\n")).collect::<String>();
        Err(Failure { message: before + &last.message, ..last })
    }
    /// Adds a class of nodes of the embedder's own, for the graphs that are checked from now on.
    /// `concurrent` says whether several runs may call it at once.
    ///
    /// # Errors
    /// `invalid_input` for a class that is there already or not its pack's, `denied` for a name
    /// that is ours.
    pub fn register_node(
        &self,
        descriptor: Descriptor,
        node: Arc<dyn Node>,
        concurrent: bool,
    ) -> Result<(), Failure> {
        let class = Registration { descriptor, node, concurrent };
        self.change(|registry| Ok(registry.add_node(class)?))
    }

    /// Adds the classes of a file of native code, all or none, for the graphs that are checked from
    /// now on. Keys of results know them by the file's content.
    ///
    /// # Errors
    /// As [`Self::register_node`], and `invalid_input` for the name of a pack that is there
    /// already.
    pub fn register_native(
        &self,
        file: &NativeFile,
        classes: Vec<Registration>,
    ) -> Result<(), Failure> {
        self.change(|registry| Ok(registry.add_native(file, classes)?))
    }

    /// Changes the registry, or leaves it as it was.
    fn change(
        &self,
        change: impl FnOnce(&mut Registry) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut held = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Registry::clone(&held);
        change(&mut changed)?;
        *held = Arc::new(changed);
        Ok(())
    }

    fn registry(&self) -> Arc<Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// All nodes that graphs can use.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.registry().catalogue.clone()
    }

    /// The catalogue with the names of models, and of pictures in `inputs`, as choices.
    pub fn catalogue_for(&self, inputs: impl Into<Inputs>) -> Catalogue {
        let lists = Lists { models: self.models.clone(), inputs: inputs.into() };
        Catalogue::clone(&self.catalogue()).with_choices(Arc::new(lists))
    }

    /// All packs, the standard one first.
    pub fn packs(&self) -> Vec<Arc<Pack>> {
        self.registry().packs().cloned().collect()
    }

    /// Packs whose nodes are native code of a file's, in the order of loading.
    pub fn native_packs(&self) -> Vec<NativePack> {
        self.registry().native().to_vec()
    }

    /// Where graphs run.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Bounds on what runs and packs may take.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Networks by name; embedders add their own here.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }
    /// What reads and checks graphs for this host's nodes and the pictures in `inputs`.
    pub fn graphs(&self, inputs: impl Into<Inputs>) -> Graphs {
        Graphs::new(self.catalogue_for(inputs))
    }

    /// Everything that is wrong with a graph, or the graph ready to run.
    ///
    /// # Errors
    /// All errors, sorted.
    pub fn check(
        &self,
        document: &Document,
        inputs: impl Into<Inputs>,
    ) -> Result<Checked, Vec<GraphError>> {
        validate(document, &self.catalogue_for(inputs))
    }

    /// Adds to `found`, by name, what decides the bytes that a graph leads to besides the graph:
    /// the program, the device, packs, networks and pictures by their contents.
    ///
    /// # Errors
    /// Where `cancel` stops the reading.
    pub fn origins(
        &self,
        graph: &Checked,
        inputs: &Inputs,
        found: &mut BTreeMap<String, String>,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        let registry = self.registry();
        let sources = Sources {
            code: &|descriptor| registry.code(descriptor),
            models: &self.models,
            inputs,
            device: &self.device,
            files: &self.results.files,
            cancel,
        };
        origins(graph, &sources, found);
        if cancel.is_set() { Err(cancel.failure()) } else { Ok(()) }
    }
}

/// Fails for a directory of models that is none.
fn readable(dir: &Path) -> Result<(), Failure> {
    std::fs::read_dir(dir).map(drop).map_err(|error| {
        let message = format!("cannot read {}: {error}", dir.display());
        Failure::from(Error::new(Code::InputOutput, message).at("models"))
    })
}
/// The host's lists of names.
struct Lists {
    models: Arc<Models>,
    inputs: Inputs,
}

impl Choices for Lists {
    fn list(&self, kind: &str) -> Option<Vec<String>> {
        match kind {
            "images" => Some(self.inputs.names()),
            "objects" => Some(self.inputs.objects()),
            kind => Some(self.models.names(kind)),
        }
    }
}
