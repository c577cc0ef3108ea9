//! What several commands need: a host, and a graph as it was read and changed.

use std::io::Read;
use std::path::{Path, PathBuf};

use amdm::graph::{Document, GraphError, set};
use amdm_runtime::{CacheDir, Cancel, Failure, Host, HostOptions, ResultCache};

use crate::args::{GraphArguments, Sources};
use crate::exit::{INVALID, Stop, USAGE};
use crate::limits::limits;
use crate::{interrupt, output};

/// Opens the host for `device` with `threads`, unless `cancel` stops that.
///
/// # Errors
/// The host's; [`stop`] tells them.
pub fn host(
    sources: &Sources,
    (device, threads): (&str, usize),
    results: ResultCache,
    cancel: &Cancel,
) -> Result<Host, Failure> {
    let cache = match &sources.pack_cache {
        None => CacheDir::User,
        Some(dir) if dir.as_os_str() == "none" => CacheDir::Off,
        Some(dir) => CacheDir::At(dir.clone()),
    };
    let options = HostOptions {
        device: device.to_owned(),
        threads,
        pack_dirs: sources.packs.clone(),
        model_dirs: sources.models.clone(),
        cache,
        results,
        limits: limits(&sources.limit),
        cancel: cancel.clone(),
    };
    Host::open(&options)
}

/// Why a host could not be opened.
pub fn stop(failure: Failure) -> Stop {
    match &failure.input {
        // An option is at fault, not a pack.
        Some(option) => {
            Stop::new(USAGE, format!("--{option}: {} [{}]", failure.message, failure.code.as_str()))
        }
        None => failure.into(),
    }
}

/// A host that only answers questions.
pub fn idle_host(sources: &Sources) -> Result<Host, Stop> {
    let cancel = Cancel::new();
    interrupt::connect(&cancel)?;
    host(sources, ("cpu", 1), ResultCache::off(), &cancel).map_err(stop)
}

/// Where the graph's pictures come from.
pub fn input_dir(arguments: &GraphArguments) -> Option<PathBuf> {
    arguments.inputs.clone().or_else(|| {
        let parent = arguments.graph.parent()?;
        Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.into() })
    })
}

/// Reads the graph and applies `--set`. Errors of the graph come back as such.
pub fn graph(arguments: &GraphArguments, host: &Host) -> Result<Document, Problem> {
    let bytes = read(&arguments.graph)?;
    let mut document = Document::parse(&bytes).map_err(|error| Problem::Graph(vec![error]))?;
    let catalogue = host.catalogue_for(input_dir(arguments));
    for setting in &arguments.set {
        set::apply(&mut document, &catalogue, setting).map_err(|error| {
            Problem::Stop(Stop::new(USAGE, format!("--set {setting}: {error}")))
        })?;
    }
    Ok(document)
}

/// Why there is no graph to work with.
pub enum Problem {
    /// The graph itself is wrong.
    Graph(Vec<GraphError>),
    /// Anything else.
    Stop(Stop),
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    let fail = |error: std::io::Error| {
        Stop::new(INVALID, format!("cannot read the graph {}: {error}", path.display()))
    };
    // One byte more than a graph may have: the parser then says that it is too big.
    let limit = amdm::limits::GRAPH_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(fail)?;
    Ok(bytes)
}

/// Tells the person everything that is wrong with a graph.
pub fn report(path: &Path, errors: &[GraphError]) -> Stop {
    for error in errors {
        output::problem(&error.to_string());
    }
    let count = match errors.len() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    output::note(format_args!("{}: {count}, nothing ran", path.display()));
    Stop::silent(INVALID)
}
