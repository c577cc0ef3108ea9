//! Why a WIT directory gives no descriptors.

use thiserror::Error;

use crate::finding::Finding;

/// Ends a build: the WIT does not parse, or a node does not fit the mapping.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DescribeError {
    /// The directory cannot be read, or is not valid WIT; the text names file and line.
    #[error("{0}")]
    Wit(String),
    /// The package has no version, which graphs need to name the pack.
    #[error("package {0} has no version, expected one such as {0}@0.1.0")]
    Version(String),
    /// No such tag.
    #[error("unknown tag: {0}")]
    UnknownTag(Box<Finding>),
    /// The tag does not fit its place or the field's type.
    #[error("misplaced tag: {0}")]
    MisplacedTag(Box<Finding>),
    /// The tag stands twice, or excludes another that is there.
    #[error("conflicting tag: {0}")]
    ConflictingTag(Box<Finding>),
    /// The words after the tag are missing, too many, or not of its form.
    #[error("bad tag: {0}")]
    TagArgument(Box<Finding>),
    /// A range that is empty or larger than its type.
    #[error("bad range: {0}")]
    Range(Box<Finding>),
    /// A default that is not of the field's type, or outside its range or cases.
    #[error("bad default: {0}")]
    Default(Box<Finding>),
    /// A phase that steps do not have.
    #[error("unknown phase: {0}")]
    Phase(Box<Finding>),
    /// A type that no wire or widget stands for.
    #[error("unknown type: {0}")]
    Type(Box<Finding>),
    /// A step operator whose `step-policy` input or output is missing or of another form.
    #[error("bad step operator: {0}")]
    StepOperator(Box<Finding>),
    /// A field's name that a group's members would hide.
    #[error("name taken: {0}")]
    Name(Box<Finding>),
}

impl DescribeError {
    /// Where and what, for faults that have a place.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Wit(_) | Self::Version(_) => None,
            Self::UnknownTag(finding)
            | Self::MisplacedTag(finding)
            | Self::ConflictingTag(finding)
            | Self::TagArgument(finding)
            | Self::Range(finding)
            | Self::Default(finding)
            | Self::Phase(finding)
            | Self::Type(finding)
            | Self::StepOperator(finding)
            | Self::Name(finding) => Some(finding),
        }
    }
}
