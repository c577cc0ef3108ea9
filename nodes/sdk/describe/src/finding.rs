//! Where a WIT source breaks a rule, what stands there and what may.

use std::fmt;

/// The place and substance of a fault in a WIT source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `file:line:column` of the node or field.
    pub location: String,
    /// The node's interface name, such as `box-blur`.
    pub node: String,
    /// The field, enum or enum case at fault, where it is not the node itself.
    pub field: Option<String>,
    /// What stands there.
    pub found: String,
    /// What may stand there.
    pub expected: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.node)?;
        if let Some(field) = &self.field {
            write!(f, ".{field}")?;
        }
        write!(f, ": found {}, expected {}", self.found, self.expected)
    }
}
