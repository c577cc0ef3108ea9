//! What several commands need: a host, and a graph as it was read and changed.

use std::path::{Path, PathBuf};

use amdm::graph::{ErrorCode, set};
use amdm_runtime::{
    CacheDir, Cancel, Draft, Failure, Graphs, Host, HostOptions, Inputs, ResultCache,
};

use super::faults::Problem;
use super::files::parent;
use super::settings;
use crate::args::{GraphArguments, ResultArguments, Sources};
use crate::exit::{Stop, USAGE};
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
        amdm_native::load_native_packs(&host, list, tell).map_err(stop)?;
    }
    Ok(host)
}

/// A graph as it was read and changed.
pub struct Loaded {
    /// The graph, and what its conversion and its age gave cause to say.
    pub draft: Draft,
    /// The pictures that it may read.
    pub inputs: Inputs,
    /// What checks it.
    pub graphs: Graphs,
}

/// Reads the graph out of `bytes`, and applies `--params` and `--set`. Errors of the graph come
/// back as such.
pub fn graph(arguments: &GraphArguments, bytes: &[u8], host: &Host) -> Result<Loaded, Problem> {
    let dir = arguments.inputs.clone().or_else(|| parent(&arguments.graph));
    let mut inputs = Inputs::new(dir);
    let graphs = host.graphs(inputs.clone());
    let mut draft = graphs.read(bytes).map_err(Problem::Graph)?;
    let catalogue = graphs.catalogue();
    let mut errors = set::parameters(&draft.document, catalogue).err().unwrap_or_default();
    errors.retain(|error| error.code == ErrorCode::InvalidParameter);
    if !errors.is_empty() {
        return Err(Problem::Graph(errors));
    }
    let graphs = match settings::apply(arguments, &mut draft.document, catalogue, &mut inputs)? {
        // There may be more pictures now.
        true => host.graphs(inputs.clone()),
        false => graphs,
    };
    Ok(Loaded { draft, inputs, graphs })
}
