//! Which output nodes a request wants: its `partial_execution_targets`.

use super::error::shown;
use super::{Document, ErrorCode, GraphError};
use serde_json::Value;
use std::collections::HashSet;

/// The output nodes that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets(Option<HashSet<String>>);

impl Targets {
    /// Every output node.
    pub fn all() -> Self {
        Self::default()
    }

    /// The output nodes of these ids; others than output nodes are passed over.
    pub fn of(ids: impl IntoIterator<Item = String>) -> Self {
        Self(Some(ids.into_iter().collect()))
    }

    /// What the request around a graph says; every output node where it says nothing.
    ///
    /// # Errors
    /// `invalid_prompt`: neither null nor a list of node ids.
    pub fn read(document: &Document) -> Result<Self, GraphError> {
        match document.request().get("partial_execution_targets") {
            None | Some(Value::Null) => Ok(Self::all()),
            Some(Value::Array(ids)) => {
                Ok(Self::of(ids.iter().filter_map(Value::as_str).map(str::to_owned)))
            }
            Some(other) => {
                let found = format!("{} as partial_execution_targets", shown(other));
                Err(GraphError::new(ErrorCode::InvalidPrompt, found, "a list of node ids"))
            }
        }
    }

    /// Whether the output node `id` counts.
    pub fn has(&self, id: &str) -> bool {
        self.0.as_ref().is_none_or(|ids| ids.contains(id))
    }

    /// Whether every output node counts.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }
}
