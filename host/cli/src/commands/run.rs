//! `amdm run`: checks a graph, runs it, prints what it wrote.

use std::sync::{Arc, Mutex, PoisonError};

use amdm::graph::{
    Checked, Document, GraphError, Targets, set, validate_partial, validate_targets,
};
use amdm_runtime::{
    CacheState, Cancel, Event, Failure, Host, Inputs, ResultCache, RunOptions, RunResult, Sink,
};

use super::source::{self, Loaded, Problem};
use super::{result, sweep};
use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, INVALID, Stop};
use crate::{interrupt, output, progress};

/// Runs the graph.
pub fn run(arguments: &RunArguments) -> Result<(), Stop> {
    // Before signals are caught: a graph may come from a terminal.
    let bytes = source::read(&arguments.graph.graph)?;
    let cancel = Cancel::new();
    interrupt::connect(&cancel)?;
    // Opening packs counts as well.
    let cancel = cancel.with_timeout(arguments.timeout);
    let place = (arguments.device.as_str(), arguments.threads);
    let options = source::options(&arguments.sources, place, results(arguments), &cancel)?;
    let host = Host::open(&options).map_err(|failure| {
        let written = result::write(arguments, &RunResult::failed(failure.clone()));
        written.err().unwrap_or_else(|| source::stop(failure))
    })?;
    let loaded =
        source::graph(&arguments.graph, &bytes, &host).map_err(|problem| match problem {
            Problem::Graph(errors) => invalid(arguments, errors),
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

/// Says that the graph is not valid.
fn invalid(arguments: &RunArguments, errors: Vec<GraphError>) -> Stop {
    match arguments.progress {
        ProgressMode::Json => {
            progress::json(Event::Invalid { errors: errors.clone() });
        }
        _ => source::report(&arguments.graph.graph, &errors, "nothing ran"),
    }
    let written = result::write(arguments, &RunResult::invalid(errors));
    written.err().unwrap_or_else(|| Stop::silent(INVALID))
}

fn once(
    arguments: &RunArguments,
    host: &Host,
    loaded: Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let Loaded { mut document, warnings, inputs } = loaded;
    set::fill_file_names(&mut document);
    let targets = Targets::read(&document).map_err(|error| invalid(arguments, vec![error]))?;
    let catalogue = host.catalogue_for(inputs.clone());
    let (checked, left_out) = match arguments.partial {
        true => validate_partial(&document, &catalogue, &targets),
        false => validate_targets(&document, &catalogue, &targets).map(|graph| (graph, Vec::new())),
    }
    .map_err(|errors| invalid(arguments, errors))?;
    announce(arguments, &left_out);
    for warning in warnings.iter().chain(&checked.warnings) {
        tracing::warn!("{warning}");
    }
    let mut ended = execute(arguments, host, (&document, &checked, inputs), cancel);
    ended.warnings.splice(0..0, warnings.iter().map(ToString::to_string));
    ended.errors = left_out;
    result::write(arguments, &ended)?;
    match ended.error {
        Some(failure) => Err(Failure::into(failure)),
        None => {
            summary(arguments.progress, &ended);
            if ended.errors.is_empty() { Ok(()) } else { Err(Stop::silent(FAILED)) }
        }
    }
}

fn execute(
    arguments: &RunArguments,
    host: &Host,
    (document, checked, inputs): (&Document, &Checked, Inputs),
    cancel: &Cancel,
) -> RunResult {
    let options = RunOptions {
        output_dir: arguments.out.clone(),
        inputs,
        metadata: !arguments.no_metadata,
        ..RunOptions::default()
    };
    let saved = Arc::new(Mutex::new(Vec::new()));
    let sink = remember(progress::sink(arguments.progress), saved.clone());
    let ended = host.report(document, checked, &options, cancel, sink);
    if arguments.progress != ProgressMode::Json && !result::on_stdout(arguments) {
        // What was written before a failure is there.
        for name in saved.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            output::line(arguments.out.join(name).display());
        }
    }
    ended
}

/// Says which errors keep outputs from running, before the others run.
fn announce(arguments: &RunArguments, errors: &[GraphError]) {
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

fn summary(mode: ProgressMode, ended: &RunResult) {
    if ![ProgressMode::Auto, ProgressMode::Bar].contains(&mode) {
        return;
    }
    for warning in &ended.warnings {
        output::note(format_args!("warning: {warning}"));
    }
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
