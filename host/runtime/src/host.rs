//! The host: packs, models and a device, opened once; runs graphs, any number at a time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use amdm::catalogue::{Catalogue, Choices, Descriptor, role};
use amdm::error::{Code, Error};
use amdm::graph::{
    Checked, Document, GraphError, Plan, PlannedState, Shapes, Targets, metadata, plan, validate,
    validate_asked, version,
};
use amdm_diffusion::{Device, Models};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::{ResultCache, Results, Sources, origins};
use crate::cancel::Cancel;
use crate::contract::StoreData;
use crate::engine::{self, CacheDir};
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::guest::Guest;
use crate::limits::Limits;
use crate::own::{NativeFile, NativePack, Node, Registration};
use crate::pack::{self, Origin, Pack};
use crate::pictures::{Clock, Inputs, Outputs, name};
use crate::registry::Registry;
use crate::run::running;
use crate::run::{
    CacheState, Event, Executor, Fate, Outcome, RunOptions, RunResult, Shared, Sink, fates,
};
use crate::worker;

/// The standard pack, as `cargo xtask nodes` built it.
const STANDARD: &[u8] = include_bytes!("../../../nodes/prebuilt/amdm_nodes.wasm");

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
    /// Names the option at fault as its input: `device` or `threads` (`unsupported` for a device this
    /// build has not), `packs` and `models` for directories that cannot be read.
    /// `pack_invalid` and `input_output` for files that are no packs: all of them, a line each. What a pack that is asked does wrong; `cancelled`.
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

    fn add(
        &self,
        linker: &Linker<StoreData>,
        origin: Origin,
        bytes: Vec<u8>,
        cancel: &Cancel,
    ) -> Result<(), Failure> {
        let pack = Arc::new(Pack::open(&self.engine, linker, origin, bytes)?);
        if !pack.is_described() {
            let described = self.ask(&pack, cancel.clone()).map_err(|failure| {
                // A stop is not the pack's fault.
                if cancel.is_set() { cancel.failure() } else { failure }
            });
            pack.accept(&described?)?;
        }
        self.change(|registry| registry.add_pack(pack))
    }

    /// Adds a pack of components from a file, for the graphs that are checked from now on.
    ///
    /// # Errors
    /// Those of [`Self::open`] for one pack.
    pub fn load_pack(&self, path: &Path) -> Result<(), Failure> {
        self.load_pack_from(path, self.read_pack(path)?)
    }

    /// The bytes of a pack file, bounded as [`Self::open`] bounds them.
    ///
    /// # Errors
    /// `input_output` where it cannot be read, is too big, or is no regular file.
    pub fn read_pack(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        pack::read(path, self.limits.pack_bytes)
    }

    /// The same as [`Self::load_pack`] for a file that was read before, whatever has become of it since.
    ///
    /// # Errors
    /// Those of [`Self::open`] for one pack.
    pub fn load_pack_from(&self, path: &Path, bytes: Vec<u8>) -> Result<(), Failure> {
        worker::run(|| {
            let linker = engine::linker(&self.engine)?;
            self.add(&linker, Origin::File(path.to_owned()), bytes, &Cancel::new())
        })
    }

    /// Adds a class of nodes of the embedder's own, for the graphs that are checked from now on.
    /// `concurrent` says whether several runs may call it at once.
    ///
    /// # Errors
    /// `invalid_input` for a class that is there already or not its pack's, `denied` for a name that
    /// is ours.
    pub fn register_node(
        &self,
        descriptor: Descriptor,
        node: Arc<dyn Node>,
        concurrent: bool,
    ) -> Result<(), Failure> {
        let class = Registration { descriptor, node, concurrent };
        self.change(|registry| Ok(registry.add_node(class)?))
    }

    /// Adds the classes of a file of native code, all or none, for the graphs that are checked from now
    /// on. Keys of results know them by the file's content.
    ///
    /// # Errors
    /// As [`Self::register_node`], and `invalid_input` for the name of a pack that is there already.
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

    /// What the pack's own `describe` says; it runs without files and models.
    fn ask(&self, pack: &Arc<Pack>, cancel: Cancel) -> Result<String, Failure> {
        let nowhere = (Inputs::new(None), Outputs::nowhere());
        let none = Arc::new(Models::none(&self.device));
        let run = Shared::new(
            cancel,
            (self.device.clone(), none, self.results.clone()),
            nowhere,
            self.limits.clone(),
            self.clock.ticks(),
            Arc::new(|_| {}),
        );
        let node =
            NodeRef { id: String::new(), class: format!("{} describe", pack.name()), title: None };
        let _ticker = self.clock.tick(&self.engine)?;
        let described = Guest::start(&Arc::new(run), pack, &node).and_then(|mut g| g.describe());
        described.map_err(|failure| Failure { node: None, ..failure })
    }

    /// Fails unless the pack's `describe` agrees with its section; asked once a pack. Our own pack's
    /// agreement is proven when it is built.
    fn confirm(&self, pack: &Arc<Pack>, cancel: &Cancel) -> Result<(), Failure> {
        if matches!(pack.origin(), Origin::Embedded(_)) {
            return Ok(());
        }
        let name = pack.name();
        let confirmed = || self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = confirmed().get(&name) {
            return known.clone();
        }
        let described = self.ask(pack, cancel.clone());
        let result = described.and_then(|text| pack.confirm(&text));
        match &result {
            // The run ended, so nothing is known of the pack.
            Err(_) if cancel.is_set() => return Err(cancel.failure()),
            Ok(()) => {}
            Err(failure)
                if [FailureCode::PackMismatch, FailureCode::PackInvalid]
                    .contains(&failure.code) => {}
            // Time or memory was short; the next run may have more.
            Err(_) => return result,
        }
        confirmed().insert(name, result.clone());
        result
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

    /// The node descriptors as JSON, as the pack's own `describe` gives them.
    ///
    /// # Errors
    /// Those of a pack that does not compile, and what it does wrong.
    pub fn describe(&self, pack: &Arc<Pack>) -> Result<String, Failure> {
        worker::run(|| self.ask(pack, Cancel::new()))
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

    /// The same for the part of a graph that `targets` and the outputs `asked` for (ids of nodes, names
    /// of outputs) depend on; with outputs asked for, the graph need have no output node.
    ///
    /// # Errors
    /// All errors, sorted.
    pub fn check_asked(
        &self,
        document: &Document,
        inputs: impl Into<Inputs>,
        targets: &Targets,
        asked: &[(String, String)],
    ) -> Result<Checked, Vec<GraphError>> {
        validate_asked(document, &self.catalogue_for(inputs), targets, asked)
    }

    /// Adds to `found`, by name, what decides the bytes that a graph leads to besides the graph: the
    /// program, the device, packs, networks and pictures by their contents.
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

    /// What running a graph with these inputs would do, without running it; what is kept of earlier
    /// runs counts. Names of files are as they would be now.
    ///
    /// # Errors
    /// The one with which a run would refuse the name of a file, with the node and its input.
    pub fn plan(&self, graph: &Checked, inputs: &Inputs) -> Result<Plan, Failure> {
        let registry = self.registry();
        let fates = fates(graph, &registry, (&self.models, inputs, &self.device), &self.results);
        let states = graph.order.iter().map(|&index| match &fates[index] {
            Fate::Idle => PlannedState::NotAsked,
            Fate::Runs => PlannedState::Runs,
            Fate::Kept(hit) if hit.state == CacheState::Disk => PlannedState::OnDisk,
            Fate::Kept(_) => PlannedState::InMemory,
        });
        Ok(self.named(graph, &Clock::local())?.with_states(states))
    }

    /// A plan with the names of files as they would be at the time of `clock`; fails for one that
    /// cannot be, which a run should say before hours of sampling.
    fn named(&self, graph: &Checked, clock: &Clock) -> Result<Plan, Failure> {
        let mut plan = plan(graph, &Known(&self.models));
        for (node, &index) in plan.nodes.iter_mut().zip(&graph.order) {
            let Some(prefix) = &node.writes else { continue };
            let named = name(prefix, node.pixels, clock);
            node.writes = Some(named.map_err(|error| {
                let node = &graph.nodes[index];
                let error = match node.descriptor.input_for(role::FILE_NAMES) {
                    Some(input) => error.at(&*input.name),
                    None => error,
                };
                Failure::from(error).in_node(&NodeRef::of(node))
            })?);
        }
        Ok(plan)
    }

    /// Runs a graph and reports to `sink`, which is called from a thread of the run's own; returns
    /// when the run has ended. `document` is the graph as it goes into the pictures.
    ///
    /// # Errors
    /// The first failure; nothing half-written is left behind. `internal` for a defect of ours.
    pub fn run(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: Sink,
    ) -> Result<Outcome, Failure> {
        let (outcome, failure) = self.end(document, graph, options, cancel, &sink);
        failure.map_or(Ok(outcome), Err)
    }

    /// Runs a graph as [`Self::run`] does, and gives all about the run, whether or not it went well.
    pub fn report(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: Sink,
    ) -> RunResult {
        let (outcome, failure) = self.end(document, graph, options, cancel, &sink);
        RunResult::new(&options.output_dir, outcome, failure)
    }

    fn end(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: &Sink,
    ) -> (Outcome, Option<Failure>) {
        let result = worker::run(|| self.execute(document, graph, options, cancel, sink));
        let (outcome, failure) = match result {
            Ok(ended) => ended,
            Err(failure) => (Outcome::before(graph, &self.registry(), &self.device), Some(failure)),
        };
        sink(match &failure {
            None => Event::Finished { outcome: outcome.clone() },
            Some(failure) => Event::Failed { error: failure.clone() },
        });
        (outcome, failure)
    }

    fn execute(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: &Sink,
    ) -> Result<(Outcome, Option<Failure>), Failure> {
        let registry = self.registry();
        let outputs = match options.in_memory {
            true => Outputs::in_memory(),
            false => Outputs::new(options.output_dir.clone()),
        };
        let outputs = outputs.with_clock(options.clock.clone());
        let outputs = match options.metadata {
            true => {
                let mut made = document.clone();
                version::record(&mut made, &registry.catalogue);
                let prompt = metadata::text(&made.to_value());
                outputs.with_graph(prompt, document.workflow().map(metadata::text))
            }
            false => outputs,
        };
        let naming = graph.order.iter().filter_map(|&index| {
            let node = &graph.nodes[index];
            let input = node.descriptor.input_for(role::FILE_NAMES)?;
            Some((node.id.clone(), input.name.clone()))
        });
        let naming: HashMap<String, String> = naming.collect();
        let writes = !naming.is_empty();
        let outputs = outputs.with_naming(naming);
        if writes {
            self.named(graph, &options.clock)?;
            if !options.in_memory {
                outputs.prepare()?;
            }
        }
        self.results.settle();
        let cancel = cancel.with_timeout(options.timeout);
        for pack in registry.packs() {
            let mut nodes = graph.order.iter().map(|&index| &graph.nodes[index]);
            if let Some(node) = nodes.find(|node| node.descriptor.pack == pack.name()) {
                let name = NodeRef::of(node);
                self.confirm(pack, &cancel).map_err(|failure| failure.in_node(&name))?;
            }
        }
        let run = Shared::new(
            cancel,
            (self.device.clone(), self.models.clone(), self.results.clone()),
            (options.inputs.clone(), outputs),
            self.limits.clone(),
            self.clock.ticks(),
            sink.clone(),
        );
        let run = match &options.kept {
            Some(kept) => run.with_kept(kept.clone()),
            None => run,
        };
        let run = Arc::new(run);
        let _ticker = self.clock.tick(&self.engine)?;
        let ended = running::of(&run, || Executor::new(graph, &registry, &run).execute());
        if let Some(kept) = &options.kept {
            kept.release();
        }
        Ok(ended)
    }
}

/// The models as plans ask about them.
struct Known<'a>(&'a Models);

impl Shapes for Known<'_> {
    fn latent(&self, name: &str) -> Option<([u64; 3], u64)> {
        let (shape, scale) = self.0.latent_shape(name)?;
        let [channels, height, width] = shape[..] else { return None };
        Some(([channels.into(), height.into(), width.into()], scale.into()))
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
            kind => Some(self.models.names(kind)),
        }
    }
}
