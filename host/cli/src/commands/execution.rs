//! Running one graph, for `amdm run` with and without `--sweep`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use amdm::graph::{self, GraphError};
use amdm_runtime::{
    Asked, Cancel, Event, Graphs, Host, Inputs, Prepared, RunOptions, RunResult, Sink,
};

use super::faults;
use super::result::{self, Document};
use crate::args::{ProgressMode, RunArguments};
use crate::events::CommandEvent;
use crate::exit::{INVALID, Stop};
use crate::{output, progress};

/// Says that the graph is not valid, after what was odd about its file; `end` what follows.
pub fn invalid(
    arguments: &RunArguments,
    warnings: &[GraphError],
    errors: Vec<GraphError>,
    end: &str,
) -> Stop {
    match arguments.progress {
        ProgressMode::Json => {
            progress::json(&CommandEvent::Invalid { errors: errors.clone() });
        }
        _ => {
            faults::warn(warnings);
            faults::report(&arguments.graph.graph, &errors, end);
        }
    }
    let warnings = warnings.iter().map(ToString::to_string).collect();
    let told = RunResult { warnings, ..RunResult::invalid(errors) };
    let document = Document::Run(Box::new(told));
    result::write(arguments, &document).err().unwrap_or_else(|| Stop::silent(INVALID)).told()
}

/// A graph that is ready, and what is wrong with the outputs that are left out of it (`--partial`).
/// `outputs` are computed besides, by their node's id and their name.
///
/// # Errors
/// All that is wrong.
pub fn prepare(
    arguments: &RunArguments,
    document: graph::Document,
    graphs: &Graphs,
    outputs: Vec<(String, String)>,
) -> Result<Prepared, Vec<GraphError>> {
    let asked = Asked { partial: arguments.partial, outputs, ..Asked::default() };
    let prepared = graphs.prepare(document, &asked);
    prepared.map_err(|errors| faults::explained(errors, graphs.catalogue(), &arguments.graph))
}

/// How to run a graph that writes to `output_dir`.
pub fn options(arguments: &RunArguments, output_dir: PathBuf, inputs: Inputs) -> RunOptions {
    let metadata = !arguments.no_metadata;
    RunOptions { output_dir, inputs, metadata, ..RunOptions::default() }
}

/// Runs a graph and prints the names of the files it wrote.
pub fn execute(
    arguments: &RunArguments,
    host: &Host,
    graph: &Prepared,
    options: &RunOptions,
    cancel: &Cancel,
) -> RunResult {
    let saved = Arc::new(Mutex::new(Vec::new()));
    let sink = remember(progress::sink(arguments.progress), saved.clone());
    let ended = host.report(&graph.document, &graph.checked, options, cancel, sink);
    if arguments.progress != ProgressMode::Json && !result::on_stdout(arguments) {
        // What was written before a failure is there.
        for name in saved.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            output::line(options.output_dir.join(name).display());
        }
    }
    ended
}

/// Says which errors keep outputs from running, before the others run.
pub fn announce(arguments: &RunArguments, errors: &[GraphError]) {
    if errors.is_empty() {
        return;
    }
    if arguments.progress == ProgressMode::Json {
        progress::json(&CommandEvent::LeftOut { errors: errors.to_vec() });
    } else {
        let end = "what depends on these nodes does not run";
        faults::report(&arguments.graph.graph, errors, end);
    }
}

/// A sink that also keeps the names of files.
fn remember(sink: Sink, saved: Arc<Mutex<Vec<String>>>) -> Sink {
    Arc::new(move |event| {
        if let Event::Saved { files, .. } = &event {
            saved.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(files);
        }
        sink(event);
    })
}

/// Prints warnings for people.
pub fn warn(mode: ProgressMode, warnings: &[String]) {
    if is_for_people(mode) {
        faults::warn(warnings);
    }
}

/// Whether what happens is told in words.
pub fn is_for_people(mode: ProgressMode) -> bool {
    [ProgressMode::Auto, ProgressMode::Bar].contains(&mode)
}
