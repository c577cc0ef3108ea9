//! What can be set in a graph: every input that takes a value, with its present one.

use super::parameters;
use crate::catalogue::Catalogue;
use crate::graph::validate::value::is_widget;
use crate::graph::{Document, Given, GraphError, LinkRef};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// An input that takes a value.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Settable {
    /// How settings name it: `id.input`.
    pub setting: String,
    /// Id of the node.
    pub node: String,
    /// Its class.
    pub class: String,
    /// Its title, where the graph gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Name of the input.
    pub input: String,
    /// The parameter that sets it, where the graph declares one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// `BOOLEAN`, `INT`, `FLOAT`, `STRING` or `COMBO`.
    pub r#type: String,
    /// The value in the graph, else the default; none where neither is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Node and slot that the value comes from; setting it cuts the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<(String, u64)>,
    /// Smallest value, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// Largest value, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// Permitted values, also those that only the host lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// Everything that can be set in `document`, in the order of its nodes and their declarations; nodes
/// of unknown classes are passed over, validation reports them.
///
/// # Errors
/// Those of [`parameters`].
pub fn settable(
    document: &Document,
    catalogue: &Catalogue,
) -> Result<Vec<Settable>, Vec<GraphError>> {
    let parameters = parameters(document, catalogue)?;
    let mut names = std::collections::HashMap::new();
    for parameter in &parameters {
        names.extend(parameter.inputs().map(|place| (place, parameter.name.as_str())));
    }
    let mut all = Vec::new();
    for (at, node) in document.nodes().iter().enumerate() {
        let Some(class) = node.class().and_then(|class| catalogue.find(class)) else { continue };
        for input in class.inputs.iter().filter(|input| is_widget(&input.r#type) && !input.group) {
            let given = node.input(&input.name);
            let value = match given {
                Some(Given::Constant(value) | Given::Malformed(value)) => Some(value.clone()),
                Some(Given::Link(_)) => None,
                None => input.default.clone(),
            };
            let link = match given {
                Some(Given::Link(LinkRef { node, slot })) => Some((node.to_owned(), slot as u64)),
                _ => None,
            };
            let listed = input.choices_from.as_ref().and_then(|kind| catalogue.choices(kind));
            let declared = || input.choices.iter().map(|choice| choice.name.clone()).collect();
            all.push(Settable {
                setting: format!("{}.{}", node.id(), input.name),
                node: node.id().to_owned(),
                class: class.r#type.clone(),
                title: node.title().map(str::to_owned),
                input: input.name.clone(),
                parameter: names.get(&(at, input.name.as_str())).map(|name| (*name).to_owned()),
                r#type: input.r#type.clone(),
                value,
                link,
                min: input.min.clone(),
                max: input.max.clone(),
                choices: listed.unwrap_or_else(declared),
                help: input.tooltip.clone(),
            });
        }
    }
    Ok(all)
}
