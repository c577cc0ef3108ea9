//! Node descriptors, one per node; derived from WIT, read by everything else.

use super::{Size, role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One node, as its WIT interface describes it. Inputs and outputs stand in WIT order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Descriptor {
    /// Class name in graphs: `AggregateStep`, or `acme.blur.BoxBlur` outside the standard pack.
    pub r#type: String,
    /// WIT package name, such as `amdm:node`.
    pub pack: String,
    /// WIT package version, such as `0.1.0`.
    pub version: String,
    /// Name for people.
    pub title: String,
    /// Menu path, parts joined by `/`.
    pub category: String,
    /// The interface's doc comment without its tags.
    pub description: String,
    /// Further words under which an editor's search finds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// Inputs in order.
    pub inputs: Vec<Input>,
    /// Outputs in order; a link's slot is the index here.
    pub outputs: Vec<Output>,
    /// Has an effect of its own (writes a file), so a graph that ends in it is worth running.
    #[serde(default, skip_serializing_if = "is_false")]
    pub output_node: bool,
    /// Present where the node is a step operator: it is not executed but yields an operator spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_operator: Option<StepOperator>,
    /// Equal inputs give equal outputs.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub deterministic: bool,
    /// Why not to use it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// May change without notice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub experimental: bool,
}

/// One input of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Name in graphs, snake case. Of a group: the singular, to which `_1`, `_2`, ... is added.
    pub name: String,
    /// `BOOLEAN`, `INT`, `FLOAT`, `STRING`, `COMBO`, or a wire type such as `IMAGE`.
    pub r#type: String,
    /// May be left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// Takes links only in editors (an optional value without a default, or a wire type).
    #[serde(default, skip_serializing_if = "is_false")]
    pub socket_only: bool,
    /// Value where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Smallest value, included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// Largest value, included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// Increment in editors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Value>,
    /// Permitted values of a `COMBO`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// What the host lists permitted names of: `models`, `families`, `adapters`, `images`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices_from: Option<String>,
    /// Text of several lines.
    #[serde(default, skip_serializing_if = "is_false")]
    pub multiline: bool,
    /// Rarely needed; editors may fold it away.
    #[serde(default, skip_serializing_if = "is_false")]
    pub advanced: bool,
    /// A seed that editors may change after each run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub control_after_generate: bool,
    /// The field's doc comment without its tags.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tooltip: String,
    /// An open-ended group: `image_1`, `image_2`, ...
    #[serde(default, skip_serializing_if = "is_false")]
    pub group: bool,
    /// What plans take the value for: `file_names`, `steps`, `denoise`, `window_start` or
    /// `window_end`. Other words mean nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// One permitted value of a `COMBO`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The value as written in graphs.
    pub name: String,
    /// The enum case's doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tooltip: String,
    /// What plans take the choice for: `one_lane`. Other words mean nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// One output of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// Name, snake case.
    pub name: String,
    /// Wire type, or a widget's type for plain values.
    pub r#type: String,
    /// May be left out by the node where nothing wants it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The field's doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tooltip: String,
    /// How large the value is, where the node says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What plans take the value for: `all_lanes`. Other words mean nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// How a step operator takes part in a sampler's steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepOperator {
    /// Phases in which `apply` is called: `prepare`, `predicted`, `stepped`.
    pub phases: Vec<String>,
    /// Class that must stand before it in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Keeps nothing from one step to the next, so a sampling may go on after it was broken off.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stateless: bool,
    /// Has no window of its own: acts in that of the operator before it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inherits_window: bool,
}

impl Descriptor {
    /// The first input that has this role.
    pub fn input_for(&self, role: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.role.as_deref() == Some(role))
    }

    /// The input that names the files that the node writes: the one of that role, or else, as packs
    /// did before there were roles, a text called `filename_prefix`.
    pub fn file_names(&self) -> Option<&Input> {
        self.input_for(role::FILE_NAMES).or_else(|| {
            let mut inputs = self.inputs.iter();
            inputs.find(|input| input.name == "filename_prefix" && input.r#type == "STRING")
        })
    }

    /// Index of the first output that has this role.
    pub fn output_for(&self, role: &str) -> Option<usize> {
        self.outputs.iter().position(|output| output.role.as_deref() == Some(role))
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_true(value: &bool) -> bool {
    *value
}

fn yes() -> bool {
    true
}
