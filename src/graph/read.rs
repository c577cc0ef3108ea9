//! Any file that holds a graph: API JSON, a saved workflow, or a picture with either inside.
//!
//! Workflows are converted at once and kept beside the graph, so that they can be written again.

use super::error::shown;
use super::metadata::{self, Embedded};
use super::{Document, ErrorCode, GraphError, Limits, json, version, workflow};
use crate::graph::comfy::ObjectInfo;
use serde_json::Value;

/// What counts in a picture that holds both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The API graph: what ran.
    Prompt,
    /// The workflow that an editor saved, converted anew.
    Workflow,
}

/// A graph, and what came with it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Read {
    /// The graph; [`Document::workflow`] has the workflow that it was made of or stored with.
    pub document: Document,
    /// Whether the graph was converted from a workflow.
    pub converted: bool,
    /// What the conversion has to say.
    pub warnings: Vec<GraphError>,
}

/// Reads a graph within the default limits. `info` describes the nodes that workflows are converted
/// for; API graphs do not need it.
///
/// An object with a list under `nodes` is a workflow, one with a `prompt` that is no node a request
/// body, any other an API graph.
///
/// # Errors
/// Those of [`Document::parse`], of [`workflow::convert`] and of [`Embedded::read`].
pub fn read(bytes: &[u8], info: &ObjectInfo, prefer: Prefer) -> Result<Read, Vec<GraphError>> {
    read_with(bytes, &|| info, prefer)
}

/// The same where descriptions of nodes are costly: `info` is asked for where a workflow is there.
///
/// # Errors
/// Those of [`read`].
pub fn read_with<'i>(
    bytes: &[u8],
    info: &dyn Fn() -> &'i ObjectInfo,
    prefer: Prefer,
) -> Result<Read, Vec<GraphError>> {
    let limits = Limits::default();
    limits.check_bytes(bytes).map_err(one)?;
    let Some(embedded) = Embedded::read(bytes).map_err(one)? else {
        return from_value(json::parse(bytes).map_err(one)?, info, &limits);
    };
    let (prompt, saved) = match (embedded.prompt, embedded.workflow) {
        (Some(_), Some(saved)) if prefer == Prefer::Workflow => (None, Some(saved)),
        texts => texts,
    };
    match (prompt, saved) {
        (Some(prompt), saved) => {
            let mut read = from_value(metadata::parse(&prompt).map_err(one)?, info, &limits)?;
            // The workflow is only carried on: what is wrong with it harms nobody here.
            let saved = saved.and_then(|saved| metadata::parse(&saved).ok());
            if let (Some(saved), None) = (saved, read.document.workflow()) {
                read.document.keep_workflow(saved);
            }
            Ok(read)
        }
        (None, Some(saved)) => {
            let value = metadata::parse(&saved).map_err(one)?;
            if !workflow::is_workflow(&value) {
                let found = format!("{} as the picture's workflow", shown(&value));
                let expected = "a workflow as editors save it";
                return Err(one(GraphError::new(ErrorCode::UnsupportedFormat, found, expected)));
            }
            from_value(value, info, &limits)
        }
        (None, None) => {
            let expected = "a text named prompt or workflow, as editors and SaveImage write";
            Err(one(GraphError::new(ErrorCode::NoPrompt, "a picture without a graph", expected)))
        }
    }
}

fn from_value<'i>(
    value: Value,
    info: &dyn Fn() -> &'i ObjectInfo,
    limits: &Limits,
) -> Result<Read, Vec<GraphError>> {
    if !workflow::is_workflow(&value) {
        let document = Document::from_value(value, limits).map_err(one)?;
        return Ok(Read { document, converted: false, warnings: Vec::new() });
    }
    // What is kept is what the graph was made of: up to date.
    let (value, mut warnings) =
        version::migrate_workflow(&value)?.unwrap_or_else(|| (value, Vec::new()));
    let conversion = workflow::convert(&value, info())?;
    let nodes = conversion.graph;
    let mut document = Document::from_nodes(nodes, serde_json::Map::new(), limits).map_err(one)?;
    document.keep_workflow(value);
    warnings.extend(conversion.warnings);
    Ok(Read { document, converted: true, warnings })
}

fn one(error: GraphError) -> Vec<GraphError> {
    vec![error]
}
