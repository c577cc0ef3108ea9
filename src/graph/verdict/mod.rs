//! A judgement in the form that node editors of the ComfyUI family read.
//!
//! A refused graph is `{"error": {...}, "node_errors": {...}}`; an accepted one has `null` as
//! error, and `warnings`. `node_errors` may then hold nodes whose outputs do not run while others
//! do. Editors find the message, the node and the input by `type` and `extra_info`.

mod envelope;

pub use envelope::verdict;

use super::{ErrorCode, GraphError};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

/// An error as editors read it, about a request or about a node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EditorError {
    /// Kind of error; one that editors know where one fits.
    pub r#type: &'static str,
    /// A headline.
    pub message: String,
    /// Where and what.
    pub details: String,
    /// For programs: `input_name`, `received_value`, `input_config` and others, by type.
    pub extra_info: Map<String, Value>,
}

impl EditorError {
    pub(in crate::graph) fn new(
        kind: &'static str,
        message: impl Into<String>,
        details: String,
        extra_info: Map<String, Value>,
    ) -> Self {
        Self { r#type: kind, message: message.into(), details, extra_info }
    }
}

/// What is wrong with one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NodeErrors {
    /// Errors in the order of the declared inputs.
    pub errors: Vec<EditorError>,
    /// Output nodes that do not run because of them, at most
    /// [`limits::GRAPH_ERRORS`](crate::limits::GRAPH_ERRORS).
    pub dependent_outputs: Vec<String>,
    /// Class of the node; empty where the graph names none.
    pub class_type: String,
}

/// A judgement: whether a graph runs, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Why nothing runs; `None` where at least one output does.
    pub error: Option<EditorError>,
    /// Nodes at fault by id, in the order of the document.
    pub node_errors: Vec<(String, NodeErrors)>,
    /// What runs but may not do what is meant.
    pub warnings: Vec<GraphError>,
    /// Ids of the output nodes that run, in the order of the document.
    pub outputs: Vec<String>,
    /// The same errors for people, in the same order.
    pub faults: Vec<GraphError>,
}

impl Verdict {
    /// Whether anything runs.
    pub fn is_accepted(&self) -> bool {
        self.error.is_none()
    }

    /// The verdict about a text that cannot be read as a graph, or a workflow that cannot be
    /// converted. The first error is told, all of them are listed in `extra_info`.
    pub fn unreadable(errors: &[GraphError]) -> Self {
        let Some(error) = errors.first() else { return Self::default() };
        let mut extra = Map::new();
        let (kind, message, details) = match error.code {
            ErrorCode::NoPrompt => {
                ("no_prompt", "No prompt provided", "No prompt provided".to_owned())
            }
            code => {
                if code != ErrorCode::InvalidPrompt {
                    extra.insert("code".to_owned(), Value::from(code.as_str()));
                }
                ("invalid_prompt", "The request cannot be read as a graph", error.message())
            }
        };
        if let Some((line, column)) = error.position {
            extra.insert("line".to_owned(), Value::from(line));
            extra.insert("column".to_owned(), Value::from(column));
        }
        if errors.iter().any(|error| error.node.is_some()) {
            let errors: Value = errors.iter().map(|e| serde_json::json!(e)).collect();
            extra.insert("errors".to_owned(), errors);
        }
        Self::refused(EditorError::new(kind, message, details, extra), errors.to_vec())
    }

    /// The same verdict with warnings from before it, such as those of a conversion.
    #[must_use]
    pub fn after(mut self, mut warnings: Vec<GraphError>) -> Self {
        warnings.append(&mut self.warnings);
        self.warnings = warnings;
        self
    }

    /// A request that was refused as a whole.
    pub(in crate::graph) fn refused(error: EditorError, faults: Vec<GraphError>) -> Self {
        Self { error: Some(error), faults, ..Self::default() }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("error", &self.error)?;
        map.serialize_entry("node_errors", &Nodes(&self.node_errors))?;
        if self.is_accepted() {
            map.serialize_entry("warnings", &self.warnings)?;
        }
        map.end()
    }
}

struct Nodes<'a>(&'a [(String, NodeErrors)]);

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, errors)| (id, errors)))
    }
}
