//! `amdm run`: checks a graph, runs it, prints what it wrote.

use std::sync::{Arc, Mutex, PoisonError};

use amdm_runtime::{
    CacheState, Cancel, Event, Failure, Host, ResultCache, RunOptions, RunResult, Sink,
};

use super::result;
use super::source::{self, Problem};
use crate::args::{ProgressMode, RunArguments};
use crate::exit::{INVALID, Stop};
use crate::{interrupt, output, progress};

/// Runs the graph.
pub fn run(arguments: &RunArguments) -> Result<(), Stop> {
    let cancel = Cancel::new();
    interrupt::connect(&cancel)?;
    // Opening packs counts as well.
    let cancel = cancel.with_timeout(arguments.timeout);
    let place = (arguments.device.as_str(), arguments.threads);
    let host = source::host(&arguments.sources, place, results(arguments), &cancel);
    let host = host.map_err(|failure| {
        let written = result::write(arguments, &RunResult::failed(failure.clone()));
        written.err().unwrap_or_else(|| source::stop(failure))
    })?;
    let path = &arguments.graph.graph;
    let invalid = |errors: Vec<_>| {
        if let Err(stop) = result::write(arguments, &RunResult::invalid(errors.clone())) {
            return stop;
        }
        match arguments.progress {
            ProgressMode::Json => {
                let line = serde_json::json!({ "event": "invalid", "errors": errors });
                output::line(line);
                Stop::silent(INVALID)
            }
            _ => source::report(path, &errors),
        }
    };
    let document = source::graph(&arguments.graph, &host).map_err(|problem| match problem {
        Problem::Graph(errors) => invalid(errors),
        Problem::Stop(stop) => stop,
    })?;
    let input_dir = source::input_dir(&arguments.graph);
    let checked = host.check(&document, input_dir).map_err(invalid)?;
    for warning in &checked.warnings {
        tracing::warn!("{warning}");
    }
    let ended = execute(arguments, &host, (&document, &checked), &cancel);
    result::write(arguments, &ended)?;
    match ended.error {
        Some(failure) => Err(Failure::into(failure)),
        None => {
            summary(arguments.progress, &ended);
            Ok(())
        }
    }
}

/// Where results are kept: in this process nothing asks for them again.
fn results(arguments: &RunArguments) -> ResultCache {
    let dir = arguments.cache.clone();
    let dir = dir.filter(|dir| !dir.as_os_str().is_empty() && dir.as_os_str() != "none");
    ResultCache { dir, disk_bytes: arguments.cache_size, ..ResultCache::off() }
}

fn execute(
    arguments: &RunArguments,
    host: &Host,
    (document, checked): (&amdm::graph::Document, &amdm::graph::Checked),
    cancel: &Cancel,
) -> RunResult {
    let options = RunOptions {
        output_dir: arguments.out.clone(),
        input_dir: source::input_dir(&arguments.graph),
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
