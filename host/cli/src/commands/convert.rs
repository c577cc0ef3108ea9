//! `amdm convert`: the API graph of a workflow, as JSON on stdout and nothing else there.
//!
//! In a picture that holds both, the workflow counts: it is what its author edits. API graphs come
//! back as they are.

use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{self, Prefer};

use super::{faults, files, source};
use crate::args::ConvertArguments;
use crate::exit::{INVALID, Stop};
use crate::output;

/// Converts and prints.
pub fn run(arguments: &ConvertArguments) -> Result<(), Stop> {
    let bytes = files::read(&arguments.file)?;
    let info = match &arguments.object_info {
        Some(file) => files::object_info(file)?,
        None => {
            let host = source::idle_host(&arguments.sources)?;
            ObjectInfo::of(&host.catalogue_for(files::parent(&arguments.file)))
        }
    };
    let read = graph::read(&bytes, &info, Prefer::Workflow).map_err(|errors| {
        faults::report(&arguments.file, &errors, "nothing was converted");
        Stop::silent(INVALID)
    })?;
    faults::warn(&read.warnings);
    output::json(&read.document.to_value())
}
