//! `amdm run`: checks a graph, runs it, prints what it wrote.

use std::sync::{Arc, Mutex, PoisonError};

use amdm::graph::{GraphError, Targets, set, validate_partial, validate_targets};
use amdm_runtime::{Cancel, Host, Outcome, RunOptions};

use super::source::{self, Loaded, Problem};
use super::sweep;
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
    let host = source::host(&arguments.sources, place, &cancel)?;
    let loaded =
        source::graph(&arguments.graph, &bytes, &host).map_err(|problem| match problem {
            Problem::Graph(errors) => invalid(arguments, &errors),
            Problem::Stop(stop) => stop,
        })?;
    if arguments.sweep.is_empty() {
        once(arguments, &host, loaded, &cancel)
    } else {
        sweep::run(arguments, &host, &loaded, &cancel)
    }
}

/// Says that the graph is not valid.
fn invalid(arguments: &RunArguments, errors: &[GraphError]) -> Stop {
    match arguments.progress {
        ProgressMode::Json => {
            output::line(serde_json::json!({ "event": "invalid", "errors": errors }));
        }
        _ => source::report(&arguments.graph.graph, errors, "nothing ran"),
    }
    Stop::silent(INVALID)
}

fn once(
    arguments: &RunArguments,
    host: &Host,
    loaded: Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let Loaded { mut document, warnings, inputs } = loaded;
    set::fill_file_names(&mut document);
    let targets = Targets::read(&document).map_err(|error| invalid(arguments, &[error]))?;
    let catalogue = host.catalogue_for(inputs.clone());
    let (checked, left_out) = match arguments.partial {
        true => validate_partial(&document, &catalogue, &targets),
        false => validate_targets(&document, &catalogue, &targets).map(|graph| (graph, Vec::new())),
    }
    .map_err(|errors| invalid(arguments, &errors))?;
    announce(arguments, &left_out);
    for warning in warnings.iter().chain(&checked.warnings) {
        tracing::warn!("{warning}");
    }
    let options = RunOptions {
        output_dir: arguments.out.clone(),
        inputs,
        metadata: !arguments.no_metadata,
        timeout: None,
    };
    let saved = Arc::new(Mutex::new(Vec::new()));
    let sink = sweep::remember(progress::sink(arguments.progress), saved.clone());
    let outcome = host.run(&document, &checked, &options, cancel, sink);
    if arguments.progress != ProgressMode::Json {
        // What was written before a failure is there.
        for name in saved.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            output::line(arguments.out.join(name).display());
        }
    }
    summary(arguments.progress, &outcome?);
    if left_out.is_empty() { Ok(()) } else { Err(Stop::silent(FAILED)) }
}

/// Says which errors keep outputs from running, before the others run.
fn announce(arguments: &RunArguments, errors: &[GraphError]) {
    if errors.is_empty() {
        return;
    }
    if arguments.progress == ProgressMode::Json {
        output::line(serde_json::json!({ "event": "left_out", "errors": errors }));
    } else {
        let end = "what depends on these nodes does not run";
        source::report(&arguments.graph.graph, errors, end);
    }
}

fn summary(mode: ProgressMode, outcome: &Outcome) {
    if [ProgressMode::Auto, ProgressMode::Bar].contains(&mode) {
        output::note(format_args!(
            "{} nodes, {} network passes, {:.2} s on {}",
            outcome.nodes.len(),
            outcome.passes,
            outcome.seconds,
            outcome.device
        ));
    }
}
