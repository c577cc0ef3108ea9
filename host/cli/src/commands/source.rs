//! What several commands need: a host, and a graph as it was read and changed.

use std::io::Read;
use std::path::{Path, PathBuf};

use amdm::catalogue::Catalogue;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{self, Document, ErrorCode, GraphError, Prefer, set, version};
use amdm_runtime::{CacheDir, Cancel, Failure, Host, HostOptions, Inputs, ResultCache};

use super::settings;
use crate::args::{GraphArguments, ResultArguments, Sources};
use crate::exit::{INVALID, Stop, USAGE};
use crate::limits::limits;
use crate::{interrupt, model_paths, output};

/// How to open a host for `device` with `threads`, unless `cancel` stops that.
pub fn options(
    sources: &Sources,
    (device, threads): (&str, usize),
    results: ResultCache,
    cancel: &Cancel,
) -> Result<HostOptions, Stop> {
    let given =
        |dirs: &[PathBuf]| dirs.iter().filter(|dir| !dir.as_os_str().is_empty()).cloned().collect();
    let cache = match sources.pack_cache.as_ref().filter(|dir| !dir.as_os_str().is_empty()) {
        None => CacheDir::User,
        Some(dir) if dir.as_os_str() == "none" => CacheDir::Off,
        Some(dir) => CacheDir::At(dir.clone()),
    };
    let mut model_dirs: Vec<PathBuf> = given(&sources.models);
    if let Some(file) = &sources.model_paths {
        model_dirs.extend(model_paths::read(file).map_err(|error| {
            Stop::new(USAGE, format!("--model-paths {}: {error}", file.display()))
        })?);
    }
    Ok(HostOptions {
        device: device.to_owned(),
        threads,
        pack_dirs: given(&sources.packs),
        model_dirs,
        cache,
        results,
        limits: limits(&sources.limit),
        cancel: cancel.clone(),
    })
}

/// Why a host could not be opened.
pub fn stop(failure: Failure) -> Stop {
    match &failure.input {
        // An option is at fault, not a pack.
        Some(option) => {
            let message = format!("--{option}: {} [{}]", failure.message, failure.code.as_str());
            Stop { message: Some(message), ..Stop::of(USAGE, failure) }
        }
        None => failure.into(),
    }
}

/// Where results are kept on disk.
pub fn results(arguments: &ResultArguments) -> ResultCache {
    let dir = arguments.cache.clone();
    let dir = dir.filter(|dir| !dir.as_os_str().is_empty() && dir.as_os_str() != "none");
    ResultCache { dir, disk_bytes: arguments.cache_size, ..ResultCache::off() }
}

/// A host that only answers questions.
pub fn idle_host(sources: &Sources) -> Result<Host, Stop> {
    planning_host(sources, ResultCache::off())
}

/// The same, which also knows what is kept.
pub fn planning_host(sources: &Sources, results: ResultCache) -> Result<Host, Stop> {
    let cancel = Cancel::new();
    interrupt::connect(&cancel)?;
    let options = options(sources, ("cpu", 1), results, &cancel)?;
    open(&options, sources)
}

/// A host with all packs, the native ones that are allowed included.
pub fn open(options: &HostOptions, sources: &Sources) -> Result<Host, Stop> {
    let host = Host::open(options).map_err(stop)?;
    let list = sources.allow_native_packs.as_ref();
    if let Some(list) = list.filter(|list| !list.as_os_str().is_empty()) {
        let tell = |path: &Path, hash: &str| {
            let path = path.display();
            output::note(format_args!("warning: loading native code: {path}, SHA-256 {hash}"));
        };
        amdm_capi::load_native_packs(&host, list, tell).map_err(stop)?;
    }
    Ok(host)
}

/// The directory of a file.
pub fn parent(file: &Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.into() })
}

/// A graph as it was read and changed.
pub struct Loaded {
    /// The graph.
    pub document: Document,
    /// What its conversion and its age gave cause to say.
    pub warnings: Vec<GraphError>,
    /// The pictures that it may read.
    pub inputs: Inputs,
}

/// Reads the graph out of `bytes`, converts it where an editor saved it, brings it up to date, and
/// applies `--params` and `--set`. Errors of the graph come back as such.
pub fn graph(arguments: &GraphArguments, bytes: &[u8], host: &Host) -> Result<Loaded, Problem> {
    let dir = arguments.inputs.clone().or_else(|| parent(&arguments.graph));
    let mut inputs = Inputs::new(dir);
    let catalogue = host.catalogue_for(inputs.clone());
    let read = read_graph(bytes, &catalogue).map_err(Problem::Graph)?;
    let (mut document, mut warnings) = (read.document, read.warnings);
    warnings.extend(version::migrate(&mut document, &catalogue).map_err(Problem::Graph)?);
    let mut errors = set::parameters(&document, &catalogue).err().unwrap_or_default();
    errors.retain(|error| error.code == ErrorCode::InvalidParameter);
    if !errors.is_empty() {
        return Err(Problem::Graph(errors));
    }
    settings::apply(arguments, &mut document, &catalogue, &mut inputs)?;
    if document.is_workflow_stale() {
        document.renew_workflow(&ObjectInfo::of(&catalogue));
    }
    Ok(Loaded { document, warnings, inputs })
}

/// Only workflows are converted with descriptions of all nodes, for which the host lists all its
/// models and pictures: an API graph is read without.
fn read_graph(bytes: &[u8], catalogue: &Catalogue) -> Result<graph::Read, Vec<GraphError>> {
    match graph::read(bytes, &ObjectInfo::default(), Prefer::Prompt) {
        Ok(read) if !read.converted => Ok(read),
        _ => graph::read(bytes, &ObjectInfo::of(catalogue), Prefer::Prompt),
    }
}

/// The errors; those about pictures that are not there say where pictures come from.
pub fn explained(
    errors: Vec<GraphError>,
    catalogue: &Catalogue,
    arguments: &GraphArguments,
) -> Vec<GraphError> {
    let from = |error: &GraphError| {
        let node = catalogue.find(error.class.as_deref()?)?;
        let input = node.inputs.iter().find(|input| Some(&input.name) == error.input.as_ref())?;
        input.choices_from.as_deref()
    };
    let dir = arguments.inputs.clone().or_else(|| parent(&arguments.graph));
    let place = match dir {
        Some(dir) => format!("pictures of {}; --inputs names another directory", dir.display()),
        None => "--inputs names the directory of pictures".to_owned(),
    };
    let explain = |error: GraphError| {
        if error.code != ErrorCode::ValueNotInList || from(&error) != Some("images") {
            return error;
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let expected = format!("{} ({place})", error.expected);
        GraphError::new(error.code, error.found.clone(), expected)
            .at_node(&text(&error.node), &text(&error.class), &text(&error.title))
            .input(text(&error.input))
            .closest(error.closest.clone())
    };
    errors.into_iter().map(explain).collect()
}

/// Why there is no graph to work with.
pub enum Problem {
    /// The graph itself is wrong.
    Graph(Vec<GraphError>),
    /// Anything else.
    Stop(Stop),
}

impl Problem {
    /// Tells the person what is wrong with the graph at `path`; `end` says what follows.
    pub fn tell(self, path: &Path, end: &str) -> Stop {
        match self {
            Self::Stop(stop) => stop,
            Self::Graph(errors) => {
                report(path, &errors, end);
                Stop::silent(INVALID)
            }
        }
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Reads the file of a graph; `-` is stdin.
pub fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    bytes(path).map_err(|error| {
        Stop::new(INVALID, format!("cannot read the graph {}: {error}", path.display()))
    })
}

/// Reads a file, or one byte more than a graph may have: parsers then say that it is too big.
pub fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = amdm::limits::GRAPH_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads the file of `--object-info`; `-` is stdin.
pub fn object_info(file: &Path) -> Result<ObjectInfo, Stop> {
    let fail =
        |error: String| Stop::new(USAGE, format!("--object-info {}: {error}", file.display()));
    let bytes = bytes(file).map_err(|error| fail(error.to_string()))?;
    ObjectInfo::parse(&bytes).map_err(|error| fail(error.to_string()))
}

/// Warnings that are printed; more are counted.
const WARNINGS: usize = 50;

/// Tells the person what may not be meant; said before errors, it may be why they are there.
pub fn warn(warnings: &[impl std::fmt::Display]) {
    for warning in warnings.iter().take(WARNINGS) {
        output::note(format_args!("warning: {warning}"));
    }
    let more = warnings.len().saturating_sub(WARNINGS);
    if more > 0 {
        output::note(format_args!("and {more} more warnings"));
    }
}

/// Tells the person everything that is wrong with a graph.
pub fn report(path: &Path, errors: &[GraphError], end: &str) {
    for error in errors {
        output::problem(&error.to_string());
    }
    let count = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    output::note(format_args!("{}: {count}, {end}", path.display()));
}
