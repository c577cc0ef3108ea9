//! How a run ends when it does not end well: one type, stable codes, the node named.

use amdm::error::{Code, Error};
use amdm::graph::CheckedNode;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A node of the graph, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NodeRef {
    /// Id in the graph.
    pub id: String,
    /// Class name.
    pub class: String,
    /// Title, where the graph gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl NodeRef {
    /// The node of a checked graph.
    pub fn of(node: &CheckedNode) -> Self {
        Self {
            id: node.id.clone(),
            class: node.descriptor.r#type.clone(),
            title: node.title.clone(),
        }
    }
}

impl std::fmt::Display for NodeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.title {
            Some(title) if *title != self.class => {
                write!(f, "node {} \"{title}\" ({})", self.id, self.class)
            }
            _ => write!(f, "node {} ({})", self.id, self.class),
        }
    }
}

/// Stable kind of a failure: what a node can say, and what only the host finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// Said by a node or by a host function that it called.
    Node(Code),
    /// The guest crashed.
    Trap,
    /// The run's or the guest's time is up.
    Timeout,
    /// A file is no usable pack.
    PackInvalid,
    /// A pack behaves unlike its own description.
    PackMismatch,
    /// A code that only the program above the runtime gives.
    Program(&'static str),
}

impl FailureCode {
    /// The code as written in JSON and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node(code) => code.as_str(),
            Self::Trap => "trap",
            Self::Timeout => "timeout",
            Self::PackInvalid => "pack_invalid",
            Self::PackMismatch => "pack_mismatch",
            Self::Program(code) => code,
        }
    }
}

impl Serialize for FailureCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a run, or the opening of a pack, failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failure {
    /// Stable kind.
    #[schemars(with = "String")]
    pub code: FailureCode,
    /// The node at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Box<NodeRef>>,
    /// The input at fault, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What was found and what was expected; lower case, no full stop.
    pub message: String,
}

impl Failure {
    /// A failure that no node is to blame for (yet).
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, node: None, input: None, message: message.into() }
    }

    /// Names the node, unless one is named already.
    #[must_use]
    pub fn in_node(mut self, node: &NodeRef) -> Self {
        self.node.get_or_insert_with(|| Box::new(node.clone()));
        self
    }

    /// Whether the run was stopped on request.
    pub fn is_cancelled(&self) -> bool {
        self.code == FailureCode::Node(Code::Cancelled)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: FailureCode::Node(error.code),
            node: None,
            input: error.input,
            message: error.message,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(node) = &self.node {
            write!(f, "{node}")?;
            if let Some(input) = &self.input {
                write!(f, ", input {input}")?;
            }
            f.write_str(": ")?;
        } else if let Some(input) = &self.input {
            write!(f, "input {input}: ")?;
        }
        write!(f, "{} [{}]", self.message, self.code.as_str())
    }
}

impl std::error::Error for Failure {}
