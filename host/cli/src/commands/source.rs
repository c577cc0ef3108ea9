//! What several commands need: a host, and a graph as it was read and changed.

use std::io::Read;
use std::path::{Path, PathBuf};

use amdm::error::Code;
use amdm::graph::{Document, GraphError, set};
use amdm_runtime::{CacheDir, FailureCode, Host, HostOptions};

use crate::args::{GraphArguments, Sources};
use crate::exit::{INVALID, Stop, USAGE};
use crate::output;

/// Opens the host for `device` with `threads`.
pub fn host(sources: &Sources, device: &str, threads: usize) -> Result<Host, Stop> {
    let cache = match &sources.cache {
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
        ..HostOptions::default()
    };
    Host::open(&options).map_err(|failure| match failure.code {
        // What the options say is wrong: a device or a number of threads.
        FailureCode::Node(Code::InvalidInput | Code::LimitExceeded) => {
            Stop::new(USAGE, failure.to_string())
        }
        _ => failure.into(),
    })
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
    let bytes = read_graph(&arguments.graph)?;
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

/// What is in a file, or on stdin for `-`; no more than a graph may have, and one byte, by which
/// parsers see that it is too big.
pub fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = amdm::limits::GRAPH_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The bytes of the graph.
pub fn read_graph(path: &Path) -> Result<Vec<u8>, Stop> {
    read(path).map_err(|error| {
        Stop::new(INVALID, format!("cannot read the graph {}: {error}", path.display()))
    })
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
