//! `--result`: all about a run as one JSON document, whole or not at all.

use amdm_runtime::RunResult;

use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, Stop};
use crate::{output, replace};

/// Whether the document goes to stdout.
pub fn on_stdout(arguments: &RunArguments) -> bool {
    arguments.result.as_ref().is_some_and(|path| path.as_os_str() == "-")
}

/// Writes the document where it is asked for.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(arguments: &RunArguments, result: &RunResult) -> Result<(), Stop> {
    let Some(path) = &arguments.result else { return Ok(()) };
    // Among lines of progress it is one as well.
    let text = match arguments.progress {
        ProgressMode::Json if on_stdout(arguments) => serde_json::to_string(result),
        _ => serde_json::to_string_pretty(result),
    };
    let text = text.map_err(anyhow::Error::new)?;
    if on_stdout(arguments) {
        output::line(text);
        return Ok(());
    }
    replace::replace(path, &text).map_err(|error| {
        Stop::new(FAILED, format!("cannot write the result {}: {error}", path.display()))
    })
}
