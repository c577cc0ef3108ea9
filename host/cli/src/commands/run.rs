//! `amdm run`: checks a graph, runs it, prints what it wrote.

use amdm_runtime::{CacheState, Cancel, Event, Host, Kept, ResultCache, RunResult};

use super::dump;
use super::execution::{announce, execute, invalid, is_for_people, options, prepare, warn};
use super::faults::Problem;
use super::files;
use super::result::{self, Document};
use super::source::{self, Loaded};
use super::sweep;
use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, Stop};
use crate::{interrupt, output, progress};

/// Runs the graph. What keeps a run from beginning is told to programs as well.
pub fn run(arguments: &RunArguments) -> Result<(), Stop> {
    let place = result::check_place(arguments);
    let writable = place.is_ok();
    place.and_then(|()| start(arguments)).map_err(|mut stop| {
        let Some(failure) = stop.failure.take() else { return stop };
        if arguments.progress == ProgressMode::Json {
            progress::json(&Event::Failed { error: (*failure).clone() });
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
    let bytes = files::read(&arguments.graph.graph)?;
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

fn once(
    arguments: &RunArguments,
    host: &Host,
    loaded: Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let Loaded { draft, inputs, graphs } = loaded;
    let warnings = draft.warnings;
    let outputs = match &arguments.dump {
        Some(_) => dump::outputs(&draft.document, graphs.catalogue()),
        None => Vec::new(),
    };
    let prepared = prepare(arguments, draft.document, &graphs, dump::asked(&outputs))
        .map_err(|errors| invalid(arguments, &warnings, errors, "nothing ran"))?;
    announce(arguments, &prepared.left_out);
    for warning in warnings.iter().chain(&prepared.checked.warnings) {
        tracing::warn!("{warning}");
    }
    let mut options = options(arguments, arguments.out.clone(), inputs);
    options.kept = arguments.dump.is_some().then(Kept::new);
    let mut ended = execute(arguments, host, &prepared, &options, cancel);
    ended.warnings.splice(0..0, warnings.iter().map(ToString::to_string));
    ended.errors = prepared.left_out;
    if let (Some(directory), Some(kept)) = (&arguments.dump, &options.kept) {
        dump::write(directory, &outputs, kept)?;
    }
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
