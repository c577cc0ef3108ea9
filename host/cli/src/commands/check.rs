//! `amdm check`: says what is wrong with a graph; nothing runs.
//!
//! Judges strictly, against the packs that are loaded, or with `--object-info` as a server of the
//! ComfyUI family does, for nodes of any installation. With `--json` both print what such a server
//! answers.

use std::path::Path;

use amdm::graph::{self, Prefer, Verdict, comfy};
use amdm_runtime::Asked;

use super::faults::{self, Problem};
use super::{files, source};
use crate::args::CheckArguments;
use crate::exit::{FAILED, INVALID, Stop, USAGE};
use crate::output;

/// Checks the graph.
pub fn run(arguments: &CheckArguments) -> Result<(), Stop> {
    match &arguments.object_info {
        Some(file) => foreign(arguments, file),
        None => strict(arguments),
    }
}

fn strict(arguments: &CheckArguments) -> Result<(), Stop> {
    let bytes = files::read(&arguments.graph.graph)?;
    let host = source::idle_host(&arguments.sources)?;
    let read = match source::graph(&arguments.graph, &bytes, &host) {
        Ok(read) => read,
        Err(Problem::Stop(stop)) => return Err(stop),
        Err(Problem::Graph(errors)) => {
            return tell(arguments, &Verdict::unreadable(&errors), "", INVALID);
        }
    };
    let (draft, graphs) = (read.draft, read.graphs);
    let catalogue = graphs.catalogue();
    // The verdict shows the graph as it was given; file names are judged as a run would fill them.
    let document = draft.document.clone();
    match graphs.prepare(draft.document, &Asked::default()) {
        Ok(prepared) => {
            let verdict = graph::verdict(&document, catalogue, Some(&prepared.checked), &[]);
            let verdict = verdict.after(draft.warnings);
            let summary = format!("valid, {} nodes would run", prepared.checked.order.len());
            tell(arguments, &verdict, &summary, INVALID)
        }
        Err(errors) => {
            let errors = faults::explained(errors, catalogue, &arguments.graph);
            let verdict = graph::verdict(&document, catalogue, None, &errors);
            tell(arguments, &verdict.after(draft.warnings), "", INVALID)
        }
    }
}

fn foreign(arguments: &CheckArguments, file: &Path) -> Result<(), Stop> {
    if file.as_os_str() == "-" && arguments.graph.graph.as_os_str() == "-" {
        let text = "--object-info: found stdin a second time, expected a file";
        return Err(Stop::new(USAGE, text));
    }
    let info = files::object_info(file)?;
    let bytes = files::read(&arguments.graph.graph)?;
    let verdict = match graph::read(&bytes, &info, Prefer::Prompt) {
        Ok(read) => comfy::judge(&read.document, &info).after(read.warnings),
        Err(errors) => Verdict::unreadable(&errors),
    };
    let summary = match verdict.node_errors.is_empty() {
        true => format!("accepted, {} outputs would run", verdict.outputs.len()),
        false => format!("accepted, of the outputs only {} would run", verdict.outputs.join(", ")),
    };
    tell(arguments, &verdict, &summary, FAILED)
}

/// Prints a judgement; a refusal ends with `code`.
fn tell(
    arguments: &CheckArguments,
    verdict: &Verdict,
    summary: &str,
    code: crate::exit::Code,
) -> Result<(), Stop> {
    let path = &arguments.graph.graph;
    if arguments.json {
        output::line(serde_json::to_string(verdict).map_err(anyhow::Error::from)?);
    } else if verdict.is_accepted() {
        faults::warn(&verdict.warnings);
        for fault in &verdict.faults {
            output::problem(&fault.to_string());
        }
        output::line(format_args!("{}: {summary}", path.display()));
    } else {
        faults::warn(&verdict.warnings);
        faults::report(path, &verdict.faults, "nothing would run");
    }
    if verdict.is_accepted() { Ok(()) } else { Err(Stop::silent(code)) }
}
