//! Workflows as node editors save them, made into API graphs as those editors would.
//!
//! Reads schema 0.4 and 1 with subgraphs. An editor keeps widget values by position, so the
//! conversion needs the descriptions of all node types that are used. Notes, reroutes and
//! primitives vanish, muted nodes are left out, bypassed ones are passed through, subgraphs are
//! expanded to nodes `outer:inner`. Random texts and dates stay as they are saved.
//!
//! `extra.amdm` holds what is ours: `schema`, the form of the file, and `param`, by node id what
//! its inputs are called as parameters of the graph: `{"5": {"steps": "quality"}}`.
//!
//! What cannot be known is an error with the node's id, title and type, never a guess. Work and
//! result are bounded by [`GRAPH_NODES`](crate::limits::GRAPH_NODES), `GRAPH_BYTES`,
//! `SUBGRAPH_DEPTH` and `CONVERSION_STEPS`.

mod bypass;
mod emit;
mod expand;
mod extension;
mod file;
mod inputs;
mod layer;
mod layout;
mod node;
mod own;
mod promoted;
mod report;
mod resolve;
mod socket;
mod source;
mod spec;
mod subgraph;
mod value;
mod write;

pub use write::{Setting, write_back};

use super::{ErrorCode, GraphError, version};
use crate::graph::comfy::ObjectInfo;
use serde_json::{Map, Value};
use source::Sources;

/// An API graph made of a workflow.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conversion {
    /// Node id to node: ids that are whole numbers first and ascending, as editors write them.
    pub graph: Map<String, Value>,
    /// What the graph's author may want to know: values that do not fit, sockets left open.
    pub warnings: Vec<GraphError>,
}

/// Whether a JSON value has the form of a saved workflow: an object whose `nodes` is a list.
pub fn is_workflow(value: &Value) -> bool {
    value.get("nodes").is_some_and(Value::is_array)
}

/// Makes the API graph of a saved workflow, for an installation with the nodes of `info`.
///
/// # Errors
/// `unsupported_format` for another form of JSON, `missing_node_type` and `virtual_node` for nodes
/// that cannot be converted, `recursive_subgraph`, `dependency_cycle` for reroutes in a circle,
/// `invalid_prompt` for malformed nodes, `newer_version` and `invalid_parameter` for what
/// `extra.amdm` says, `limit_exceeded`.
pub fn convert(workflow: &Value, info: &ObjectInfo) -> Result<Conversion, Vec<GraphError>> {
    traced(workflow, info, &mut Sources::default())
}

/// The same, which also finds where the values of some inputs come from.
fn traced(
    workflow: &Value,
    info: &ObjectInfo,
    sources: &mut Sources,
) -> Result<Conversion, Vec<GraphError>> {
    if !is_workflow(workflow) {
        let expected = "a workflow as editors save it, with a list under nodes";
        return Err(vec![GraphError::new(ErrorCode::UnsupportedFormat, "no workflow", expected)]);
    }
    if let Some((workflow, warnings)) = version::migrate_workflow(workflow)? {
        let mut conversion = traced(&workflow, info, sources)?;
        conversion.warnings.splice(0..0, warnings);
        return Ok(conversion);
    }
    let mut report = report::Report::default();
    let layers = layer::read(workflow, info, &mut report)?;
    let promoted = promoted::find(&layers);
    let scopes = expand::expand(&layers, &promoted, &mut report)?;
    let mut graph = emit::emit(&layers, &scopes, info, (&mut report, sources))?;
    own::note(workflow, &mut graph, &mut report);
    let warnings = report.finish()?;
    Ok(Conversion { graph, warnings })
}
