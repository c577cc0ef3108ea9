//! `--result`: all about a run, or about the runs of a sweep, as one JSON document, whole or not at
//! all.

use std::collections::BTreeMap;

use amdm_runtime::{Failure, OutputFile, RunResult, Status, unfinished};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, Stop, USAGE};
use crate::output;

/// What `--result` writes: of a run, and of what did not begin, a run's; of a sweep a sweep's.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Document {
    /// One run.
    Run(Box<RunResult>),
    /// The runs of a sweep.
    Sweep(SweepResult),
}

/// All about a sweep. One that ended early has the runs up to there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SweepResult {
    /// Version of this document; fields may be added under the same one.
    pub format: u32,
    /// How it ended.
    pub status: Status,
    /// Why it ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The runs, in the order of the sweep.
    pub runs: Vec<SweptRun>,
    /// The labelled picture of all runs, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<OutputFile>,
}

/// A run of a sweep.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SweptRun {
    /// Directory of its files, below the output directory.
    pub directory: String,
    /// What was set, by name.
    pub settings: BTreeMap<String, String>,
    /// All about the run; none where it was done already when the sweep was continued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RunResult>>,
}

/// Whether the document goes to stdout.
pub fn on_stdout(arguments: &RunArguments) -> bool {
    arguments.result.as_ref().is_some_and(|path| path.as_os_str() == "-")
}

/// Fails where the document could not be written: before a run, which may be long.
///
/// # Errors
/// Where there is no folder for the file, or a folder of its name.
pub fn check_place(arguments: &RunArguments) -> Result<(), Stop> {
    let Some(path) = arguments.result.as_ref().filter(|_| !on_stdout(arguments)) else {
        return Ok(());
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let reason = match folder {
        Some(folder) if !folder.is_dir() => {
            format!("{} is no directory", folder.display())
        }
        _ if path.is_dir() => "it is a directory".to_owned(),
        _ => return Ok(()),
    };
    Err(Stop::new(USAGE, format!("--result {}: {reason}", path.display())))
}

/// Writes the document where it is asked for.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(arguments: &RunArguments, document: &Document) -> Result<(), Stop> {
    let Some(path) = &arguments.result else { return Ok(()) };
    // Among lines of progress it is one as well.
    let text = match arguments.progress {
        ProgressMode::Json if on_stdout(arguments) => serde_json::to_string(document),
        _ => serde_json::to_string_pretty(document),
    };
    let text = text.map_err(anyhow::Error::new)?;
    if on_stdout(arguments) {
        output::line(text);
        return Ok(());
    }
    unfinished::replace(path, &text).map_err(|error| {
        Stop::new(FAILED, format!("cannot write the result {}: {error}", path.display()))
    })
}
