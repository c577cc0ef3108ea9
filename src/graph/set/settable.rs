//! What can be set in a graph: every input that takes a value, with its present one.

use super::parameters;
use crate::catalogue::{Catalogue, Input};
use crate::graph::validate::value::is_widget;
use crate::graph::{Document, Given, GraphError, LinkRef};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

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
    #[serde(skip_serializing_if = "is_none", serialize_with = "list")]
    #[schemars(with = "Vec<String>")]
    pub choices: Arc<[String]>,
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
    let mut setters = HashMap::new();
    for parameter in &parameters {
        setters.extend(parameter.inputs().map(|place| (place, parameter.name.as_str())));
    }
    let (mut all, mut names) = (Vec::new(), Names::new(catalogue));
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
                Some(Given::Link(LinkRef { node, slot })) => Some((node.to_owned(), slot)),
                _ => None,
            };
            all.push(Settable {
                setting: format!("{}.{}", node.id(), input.name),
                node: node.id().to_owned(),
                class: class.r#type.clone(),
                title: node.title().map(str::to_owned),
                input: input.name.clone(),
                parameter: setters.get(&(at, input.name.as_str())).map(|name| (*name).to_owned()),
                r#type: input.r#type.clone(),
                value,
                link,
                min: input.min.clone(),
                max: input.max.clone(),
                choices: names.of(input),
                help: input.tooltip.clone(),
            });
        }
    }
    Ok(all)
}

/// Lists of names, each made once and shared by all inputs that it is of.
struct Names<'a> {
    catalogue: &'a Catalogue,
    /// The host's lists; `None` where it keeps none.
    listed: HashMap<&'a str, Option<Arc<[String]>>>,
    /// Declared choices, by where the descriptor lies.
    declared: HashMap<*const Input, Arc<[String]>>,
}

impl<'a> Names<'a> {
    fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, listed: HashMap::new(), declared: HashMap::new() }
    }

    /// The names that `input`, of the catalogue, permits.
    fn of(&mut self, input: &'a Input) -> Arc<[String]> {
        if let Some(kind) = input.choices_from.as_deref() {
            let catalogue = self.catalogue;
            let list = || catalogue.choices(kind).map(Arc::from);
            if let Some(names) = self.listed.entry(kind).or_insert_with(list) {
                return Arc::clone(names);
            }
        }
        let names = || input.choices.iter().map(|choice| choice.name.clone()).collect();
        Arc::clone(self.declared.entry(std::ptr::from_ref(input)).or_insert_with(names))
    }
}

fn list<S: Serializer>(names: &Arc<[String]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter())
}

fn is_none(names: &Arc<[String]>) -> bool {
    names.is_empty()
}
