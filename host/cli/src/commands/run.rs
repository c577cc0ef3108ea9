//! `amdm run`: checks a graph, runs it, prints what it wrote.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use amdm::catalogue::Catalogue;
use amdm::graph::{self, Checked, GraphError, Targets, set, validate_partial, validate_targets};
use amdm_runtime::{
    CacheState, Cancel, Event, Host, Inputs, ResultCache, RunOptions, RunResult, Sink,
};

use super::result::{self, Document};
use super::source::{self, Loaded, Problem};
use super::sweep;
use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, INVALID, Stop};
use crate::{interrupt, output, progress};

/// Runs the graph. What keeps a run from beginning is told to programs as well.
pub fn run(arguments: &RunArguments) -> Result<(), Stop> {
    let place = result::check_place(arguments);
    let writable = place.is_ok();
    place.and_then(|()| start(arguments)).map_err(|mut stop| {
        let Some(failure) = stop.failure.take() else { return stop };
        if arguments.progress == ProgressMode::Json {
            progress::json(Event::Failed { error: (*failure).clone() });
        }
        if !writable {
            return stop;
        }
        let document = Document::Run(Box::new(RunResult::failed(*failure)));
        result::write(arguments, &document).err().unwrap_or(stop)
    })
}

fn start(arguments: &RunArguments) -> Result<(), Stop> {
    // Before signals are caught: a graph may come from a terminal.
    let bytes = source::read(&arguments.graph.graph)?;
    let cancel = Cancel::new();
    interrupt::connect(&cancel)?;
    // Opening packs counts as well.
    let cancel = cancel.with_timeout(arguments.timeout);
    let place = (arguments.device.as_str(), arguments.threads);
    let options = source::options(&arguments.sources, place, results(arguments), &cancel)?;
    let host = source::open(&options, &arguments.sources)?;
    let loaded =
        source::graph(&arguments.graph, &bytes, &host).map_err(|problem| match problem {
            Problem::Graph(errors) => invalid(arguments, &[], errors, "nothing ran"),
            Problem::Stop(stop) => stop,
        })?;
    if arguments.sweep.is_empty() {
        once(arguments, &host, loaded, &cancel)
    } else {
        sweep::run(arguments, &host, &loaded, &cancel)
    }
}

/// Where results are kept: on disk where that is asked for, and in memory for the runs of a sweep.
fn results(arguments: &RunArguments) -> ResultCache {
    let on_disk = source::results(&arguments.results);
    let memory_bytes =
        if arguments.sweep.is_empty() { 0 } else { ResultCache::default().memory_bytes };
    ResultCache { memory_bytes, checkpoints: arguments.checkpoint_every, ..on_disk }
}

/// Says that the graph is not valid, after what was odd about its file; `end` what follows.
pub fn invalid(
    arguments: &RunArguments,
    warnings: &[GraphError],
    errors: Vec<GraphError>,
    end: &str,
) -> Stop {
    match arguments.progress {
        ProgressMode::Json => {
            progress::json(Event::Invalid { errors: errors.clone() });
        }
        _ => {
            source::warn(warnings);
            source::report(&arguments.graph.graph, &errors, end);
        }
    }
    let warnings = warnings.iter().map(ToString::to_string).collect();
    let told = RunResult { warnings, ..RunResult::invalid(errors) };
    let document = Document::Run(Box::new(told));
    result::write(arguments, &document).err().unwrap_or_else(|| Stop::silent(INVALID)).told()
}

/// A valid graph, and what is wrong with the outputs that are left out of it (`--partial`).
///
/// # Errors
/// All that is wrong.
pub fn checked(
    arguments: &RunArguments,
    document: &graph::Document,
    catalogue: &Catalogue,
) -> Result<(Checked, Vec<GraphError>), Vec<GraphError>> {
    let targets = Targets::read(document).map_err(|error| vec![error])?;
    let checked = match arguments.partial {
        true => validate_partial(document, catalogue, &targets),
        false => validate_targets(document, catalogue, &targets).map(|graph| (graph, Vec::new())),
    };
    checked.map_err(|errors| source::explained(errors, catalogue, &arguments.graph))
}

fn once(
    arguments: &RunArguments,
    host: &Host,
    loaded: Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let Loaded { mut document, warnings, inputs } = loaded;
    let catalogue = host.catalogue_for(inputs.clone());
    set::fill_file_names(&mut document, &catalogue);
    let (checked, left_out) = checked(arguments, &document, &catalogue)
        .map_err(|errors| invalid(arguments, &warnings, errors, "nothing ran"))?;
    announce(arguments, &left_out);
    for warning in warnings.iter().chain(&checked.warnings) {
        tracing::warn!("{warning}");
    }
    let options = options(arguments, arguments.out.clone(), inputs);
    let mut ended = execute(arguments, host, (&document, &checked), &options, cancel);
    ended.warnings.splice(0..0, warnings.iter().map(ToString::to_string));
    ended.errors = left_out;
    let document = Document::Run(Box::new(ended));
    result::write(arguments, &document).map_err(Stop::told)?;
    let Document::Run(ended) = document else { return Ok(()) };
    match ended.error {
        Some(failure) => Err(Stop::from(failure).told()),
        None => {
            summary(arguments.progress, &ended);
            if ended.errors.is_empty() { Ok(()) } else { Err(Stop::silent(FAILED)) }
        }
    }
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
    (document, checked): (&graph::Document, &Checked),
    options: &RunOptions,
    cancel: &Cancel,
) -> RunResult {
    let saved = Arc::new(Mutex::new(Vec::new()));
    let sink = remember(progress::sink(arguments.progress), saved.clone());
    let ended = host.report(document, checked, options, cancel, sink);
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
        progress::json(Event::LeftOut { errors: errors.to_vec() });
    } else {
        let end = "what depends on these nodes does not run";
        source::report(&arguments.graph.graph, errors, end);
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
        source::warn(warnings);
    }
}

/// Whether what happens is told in words.
pub fn is_for_people(mode: ProgressMode) -> bool {
    [ProgressMode::Auto, ProgressMode::Bar].contains(&mode)
}

fn summary(mode: ProgressMode, ended: &RunResult) {
    if !is_for_people(mode) {
        return;
    }
    warn(mode, &ended.warnings);
    let cached = ended.nodes.iter().filter(|node| node.cached != CacheState::Ran).count();
    let cached = match cached {
        0 => String::new(),
        cached => format!(" ({cached} from the cache)"),
    };
    output::note(format_args!(
        "{} nodes{cached}, {} network passes, {:.2} s on {}",
        ended.nodes.len(),
        ended.passes,
        ended.seconds,
        ended.device
    ));
}
