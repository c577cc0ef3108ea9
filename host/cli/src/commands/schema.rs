//! `amdm schema`: JSON Schemas of what the command reads and writes.

use amdm::catalogue::{Descriptor, graph_schema};
use schemars::schema_for;
use serde_json::Value;

use super::{result, source};
use crate::args::{SchemaArguments, SchemaKind};
use crate::exit::Stop;
use crate::{events, output};

/// Prints the schema.
pub fn run(arguments: &SchemaArguments) -> Result<(), Stop> {
    let schema: Value = match arguments.kind {
        SchemaKind::Graph => {
            let host = source::idle_host(&arguments.sources)?;
            graph_schema(&host.catalogue_for(None))
        }
        SchemaKind::Nodes => schema_for!(Vec<Descriptor>).to_value(),
        SchemaKind::Events => events::schema(),
        SchemaKind::Result => schema_for!(result::Document).to_value(),
    };
    output::json(&schema)
}
