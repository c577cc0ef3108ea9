//! What each code of a graph error is about.

use super::ErrorCode;

/// What a code is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The file or request as a whole, before there is a graph.
    File,
    /// The graph as a whole.
    Graph,
    /// A node.
    Node,
    /// An input of a node.
    Input,
    /// A setting from outside the graph.
    Setting,
    /// A warning: the graph runs.
    Warning,
}

impl Level {
    /// The level as tables name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Graph => "graph",
            Self::Node => "node",
            Self::Input => "input",
            Self::Setting => "setting",
            Self::Warning => "warning",
        }
    }
}

impl ErrorCode {
    /// What the code is about.
    pub const fn level(self) -> Level {
        match self {
            Self::InvalidJson
            | Self::DuplicateKey
            | Self::LimitExceeded
            | Self::UnsupportedFormat
            | Self::InvalidPng
            | Self::InvalidWebp
            | Self::NoPrompt => Level::File,
            Self::PromptNoOutputs | Self::DependencyCycle => Level::Graph,
            Self::InvalidPrompt
            | Self::MissingNodeType
            | Self::RecursiveSubgraph
            | Self::VirtualNode => Level::Node,
            Self::RequiredInputMissing
            | Self::UnknownInput
            | Self::ConflictingInputs
            | Self::BadLinkedInput
            | Self::ReturnTypeMismatch
            | Self::InvalidInputType
            | Self::ValueSmallerThanMin
            | Self::ValueBiggerThanMax
            | Self::ValueNotInList
            | Self::OperatorOrder => Level::Input,
            Self::NewerVersion | Self::InvalidParameter => Level::Node,
            Self::InvalidSetting
            | Self::UnknownNode
            | Self::UnknownOutput
            | Self::UnknownParameter
            | Self::AmbiguousTitle => Level::Setting,
            Self::WidgetValues
            | Self::MigratedNode
            | Self::UnusedNode
            | Self::ConvertedValue
            | Self::DeprecatedNode => Level::Warning,
        }
    }
}
