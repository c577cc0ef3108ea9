//! `amdm convert`: the API graph of a workflow, as JSON on stdout and nothing else there.
//!
//! In a picture that holds both, the workflow counts: it is what its author edits. API graphs come
//! back as they are.

use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{self, Prefer};

use super::source;
use crate::args::ConvertArguments;
use crate::exit::{INVALID, Stop};
use crate::output;

/// Converts and prints.
pub fn run(arguments: &ConvertArguments) -> Result<(), Stop> {
    let bytes = source::read(&arguments.file)?;
    let info = match &arguments.object_info {
        Some(file) => source::object_info(file)?,
        None => {
            let host = source::idle_host(&arguments.sources)?;
            ObjectInfo::of(&host.catalogue_for(source::parent(&arguments.file)))
        }
    };
    let read = graph::read(&bytes, &info, Prefer::Workflow).map_err(|errors| {
        source::report(&arguments.file, &errors, "nothing was converted");
        Stop::silent(INVALID)
    })?;
    source::warn(&read.warnings);
    output::json(&read.document.to_value())
}
