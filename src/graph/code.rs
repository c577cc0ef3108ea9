//! Stable codes of graph errors and warnings, one line of help each.
//!
//! Where node editors of the ComfyUI family know a type for it, the code is that type.

macro_rules! codes {
    ($($(#[doc = $help:literal])+ $name:ident = $text:literal,)+) => {
        /// What kind of thing is wrong with a graph.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $help])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as written in JSON and in messages, such as `value_not_in_list`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// A line that says what the code means.
            pub fn help(self) -> &'static str {
                match self { $(Self::$name => concat!($($help),+).trim_start()),+ }
            }
        }
    };
}

codes! {
    /// The text is not JSON, or not UTF-8.
    InvalidJson = "invalid_json",
    /// A JSON object has one key twice.
    DuplicateKey = "duplicate_key",
    /// The graph is larger, longer or deeper than permitted.
    LimitExceeded = "limit_exceeded",
    /// A file of another kind than a graph in API format, or a PNG part that is not read.
    UnsupportedFormat = "unsupported_format",
    /// The PNG file is damaged.
    InvalidPng = "invalid_png",
    /// The WebP file is damaged.
    InvalidWebp = "invalid_webp",
    /// There is no graph in the file.
    NoPrompt = "no_prompt",
    /// A graph or a node does not have the form that it must have.
    InvalidPrompt = "invalid_prompt",
    /// No loaded pack has a node of that class.
    MissingNodeType = "missing_node_type",
    /// No node saves or shows anything, so there is nothing to run.
    PromptNoOutputs = "prompt_no_outputs",
    /// An input that must be given is not.
    RequiredInputMissing = "required_input_missing",
    /// The class has no input of that name.
    UnknownInput = "unknown_input",
    /// Two inputs that mean the same are both given.
    ConflictingInputs = "conflicting_inputs",
    /// A link that is malformed or leads nowhere, or a value where a link must be.
    BadLinkedInput = "bad_linked_input",
    /// The linked output is of another type than the input.
    ReturnTypeMismatch = "return_type_mismatch",
    /// A value of the wrong type.
    InvalidInputType = "invalid_input_type",
    /// A number below the input's range.
    ValueSmallerThanMin = "value_smaller_than_min",
    /// A number above the input's range.
    ValueBiggerThanMax = "value_bigger_than_max",
    /// A name that is not among the input's choices.
    ValueNotInList = "value_not_in_list",
    /// Links that lead from a node back to itself.
    DependencyCycle = "dependency_cycle",
    /// Step operators chained in an order in which they do not work.
    OperatorOrder = "operator_order",
    /// A setting that is not of the form node.input=value, or a sweep without values.
    InvalidSetting = "invalid_setting",
    /// A setting, or an output that is asked for, of a node that is not in the graph.
    UnknownNode = "unknown_node",
    /// An output is asked for that the node does not have.
    UnknownOutput = "unknown_output",
    /// A setting for a parameter that the graph does not declare.
    UnknownParameter = "unknown_parameter",
    /// A parameter that is declared in a way that cannot work.
    InvalidParameter = "invalid_parameter",
    /// A setting for a title that several nodes have.
    AmbiguousTitle = "ambiguous_title",
    /// A subgraph that contains itself.
    RecursiveSubgraph = "recursive_subgraph",
    /// A node of an editor's extension, whose behaviour only that editor knows.
    VirtualNode = "virtual_node",
    /// Warning: the values saved with a node are not as many as it has widgets.
    WidgetValues = "widget_values",
    /// A graph, or a node of it, made for a newer version than this one.
    NewerVersion = "newer_version",
    /// Warning: the node was made for an older version and was brought up to date.
    MigratedNode = "migrated_node",
    /// Warning: nothing that is saved or shown depends on the node, so it does not run.
    UnusedNode = "unused_node",
    /// Warning: a server of the editor's family reads the value as another one.
    ConvertedValue = "converted_value",
    /// Warning: the node's author advises against using it any more.
    DeprecatedNode = "deprecated_node",
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
