//! Values from outside: `--set sampler.steps=30`, parameter files, sweeps.
//!
//! * [`apply`]: one setting. The node is named by its id or its title; both may hold dots, spaces
//!   and `=`: the longest id that fits wins, then the longest title. A name without a dot is a
//!   parameter that the graph declares.
//! * [`Target`]: what a setting is about; takes a text, or a JSON value.
//! * [`parameters`]: the parameters that a graph declares.
//! * [`settable`]: everything that can be set, with its type, range and present value.
//! * [`fill_file_names`]: other nodes' values in file names.
//! * [`Sweep`]: one setting with many values, and the runs that several of them make.
//!
//! A text is read by the input's declared type: numbers, truth values and links (`["4",0]`) as JSON,
//! texts and choices as they stand. Ranges and choices are judged by validation, with everything
//! else.

mod names;
mod parameters;
mod settable;
mod sweep;

pub use names::fill_file_names;
pub use parameters::{Parameter, parameters};
pub use settable::{Settable, settable};
pub use sweep::{Run, Sweep, runs};

use super::code::ErrorCode;
use super::error::{GraphError, quoted, word};
use super::validate::inputs::unknown as unknown_input;
use super::validate::lists::Permitted;
use super::validate::value::{expected, is_widget};
use super::{Document, LinkRef, Node};
use crate::catalogue::{Catalogue, Descriptor, Input, closest::closest};
use serde_json::Value;

/// Parameters that a message lists; more are counted.
const SHOWN_PARAMETERS: usize = 20;

/// Changes what `setting` names in `document`; on an error nothing is changed.
///
/// # Errors
/// `invalid_setting`, `unknown_node`, `unknown_parameter`, `invalid_parameter`, `ambiguous_title`,
/// `missing_node_type`, `unknown_input`, `invalid_input_type`, `bad_linked_input`.
pub fn apply(
    document: &mut Document,
    catalogue: &Catalogue,
    setting: &str,
) -> Result<(), GraphError> {
    let (target, text) = Target::find(document, catalogue, setting)?;
    target.set_text(document, text)
}

/// What a setting is about: an input of a node, or the inputs of a parameter.
#[derive(Clone, Debug)]
pub struct Target {
    name: String,
    places: Vec<Place>,
}

/// One input of one node.
#[derive(Clone, Debug)]
struct Place {
    node: usize,
    /// As the graph writes it: a group's has its number.
    name: String,
    declared: Input,
}

impl Target {
    /// The target and the value of `NODE.INPUT=VALUE` or `PARAMETER=VALUE`.
    ///
    /// # Errors
    /// As [`apply`], but for those about the value.
    pub fn find<'s>(
        document: &Document,
        catalogue: &Catalogue,
        setting: &'s str,
    ) -> Result<(Self, &'s str), GraphError> {
        if let Some((name, value)) = setting.split_once('=')
            && !name.contains('.')
        {
            let declared = parameters(document, catalogue).map_err(first)?;
            if let Some(parameter) = declared.iter().find(|parameter| parameter.name == name) {
                let target = Self { name: name.to_owned(), places: parameter.places.clone() };
                return Ok((target, value));
            }
            if !declared.is_empty() {
                return Err(unknown_parameter(name, &declared));
            }
        }
        let (node, input, value) = split(document, setting)?;
        let place = place(document, catalogue, node, input)?;
        Ok((
            Self {
                name: setting[..setting.len() - value.len() - 1].to_owned(),
                places: vec![place],
            },
            value,
        ))
    }

    /// The name as the setting writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The declaration of the input; of a parameter's first.
    pub fn input(&self) -> Option<&Input> {
        self.places.first().map(|place| &place.declared)
    }

    /// Sets the value that `text` is in each input's type; on an error nothing is changed.
    ///
    /// # Errors
    /// `invalid_input_type`, `bad_linked_input`.
    pub fn set_text(&self, document: &mut Document, text: &str) -> Result<(), GraphError> {
        let values = self.read(document, text)?;
        self.put(document, values);
        Ok(())
    }

    /// The values that `text` is, one for each place.
    fn read(&self, document: &Document, text: &str) -> Result<Vec<Value>, GraphError> {
        let values = self.places.iter().map(|place| {
            read(&place.declared, text)
                .map_err(|error| error.at(&document.nodes()[place.node]).input(place.name.as_str()))
        });
        values.collect()
    }

    /// Sets a JSON value; validation judges it.
    pub fn set_value(&self, document: &mut Document, value: &Value) {
        // An array would be a link where it is not wrapped.
        let value = match value {
            Value::Array(_) if LinkRef::read(value).is_none() => {
                serde_json::json!({ "__value__": value })
            }
            value => value.clone(),
        };
        self.put(document, vec![value; self.places.len()]);
    }

    fn put(&self, document: &mut Document, values: Vec<Value>) {
        for (place, value) in self.places.iter().zip(values) {
            if let Some(node) = document.node_mut(place.node) {
                node.put(&place.name, value);
            }
        }
    }
}

/// The input called `name` of a node.
fn place(
    document: &Document,
    catalogue: &Catalogue,
    at: usize,
    name: &str,
) -> Result<Place, GraphError> {
    let node = &document.nodes()[at];
    let class = node.class().unwrap_or_default();
    let descriptor = catalogue.find(class).ok_or_else(|| {
        let expected = "a class that is loaded";
        GraphError::new(ErrorCode::MissingNodeType, "an unknown class", expected)
            .at(node)
            .closest(catalogue.closest(class))
    })?;
    let input = find(descriptor, name).ok_or_else(|| {
        let names = descriptor.inputs.iter().map(|input| input.name.as_str());
        unknown_input(descriptor, name).at(node).closest(closest(name, names))
    })?;
    Ok(Place { node: at, name: name.to_owned(), declared: input.clone() })
}

/// A name that the graph does not declare; the first of those that it does are listed.
fn unknown_parameter(name: &str, declared: &[Parameter]) -> GraphError {
    let names = || declared.iter().map(|parameter| parameter.name.as_str());
    let mut listed: Vec<String> = names().take(SHOWN_PARAMETERS).map(word).collect();
    if declared.len() > SHOWN_PARAMETERS {
        listed.push(format!("{} more", declared.len() - SHOWN_PARAMETERS));
    }
    let found = format!("the parameter {}, which the graph lacks", quoted(name));
    let expected = format!("one of {}", listed.join(", "));
    let error = GraphError::new(ErrorCode::UnknownParameter, found, expected);
    error.closest(closest(name, names()))
}

/// A setting meets one error; the rest is shown by checking the graph.
fn first(mut errors: Vec<GraphError>) -> GraphError {
    errors.swap_remove(0)
}

/// Node, input and value of a setting.
fn split<'s>(
    document: &Document,
    setting: &'s str,
) -> Result<(usize, &'s str, &'s str), GraphError> {
    let nodes = || document.nodes().iter().enumerate();
    let by_id = nodes().filter(|(_, node)| rest(setting, node.id()).is_some());
    if let Some((at, node)) = by_id.max_by_key(|(_, node)| node.id().len()) {
        let (input, value) = rest(setting, node.id()).unwrap_or_default();
        return Ok((at, input, value));
    }
    let title =
        |node: &Node| node.title().filter(|title| rest(setting, title).is_some()).map(str::len);
    let longest = nodes().filter_map(|(_, node)| title(node)).max();
    let mut by_title = nodes().filter(|(_, node)| longest.is_some() && title(node) == longest);
    let Some((at, node)) = by_title.next() else {
        return Err(unknown(document, setting));
    };
    let name = node.title().unwrap_or_default();
    if let Some((_, other)) = by_title.next() {
        let ids = format!("nodes {} and {}", word(node.id()), word(other.id()));
        let found = format!("the title {} at {ids}", quoted(name));
        let expected = "the id of one of them in its place";
        return Err(GraphError::new(ErrorCode::AmbiguousTitle, found, expected));
    }
    let (input, value) = rest(setting, name).unwrap_or_default();
    Ok((at, input, value))
}

/// Input and value where `setting` is about the node called `name`. Input names hold no dot.
fn rest<'s>(setting: &'s str, name: &str) -> Option<(&'s str, &'s str)> {
    let (input, value) = setting.strip_prefix(name)?.strip_prefix('.')?.split_once('=')?;
    (!input.is_empty() && !input.contains('.')).then_some((input, value))
}

fn unknown(document: &Document, setting: &str) -> GraphError {
    let named = setting.split_once('=').and_then(|(left, _)| left.rsplit_once('.'));
    let Some((name, _)) = named.filter(|(name, input)| !name.is_empty() && !input.is_empty())
    else {
        let expected = "node.input=value, the node by its id or title";
        return GraphError::new(ErrorCode::InvalidSetting, quoted(setting), expected);
    };
    let names = document.nodes().iter().flat_map(|node| [Some(node.id()), node.title()]);
    let found = format!("a setting for node {}, which is not there", quoted(name));
    GraphError::new(ErrorCode::UnknownNode, found, "the id or the title of a node")
        .closest(closest(name, names.flatten()))
}

/// The declared input, or the group that the name is a member of.
fn find<'d>(descriptor: &'d Descriptor, name: &str) -> Option<&'d Input> {
    descriptor
        .inputs
        .iter()
        .find(|input| input.name == name)
        .or_else(|| super::validate::member(descriptor, name))
}

fn read(input: &Input, text: &str) -> Result<Value, GraphError> {
    let value = match input.r#type.as_str() {
        "STRING" | "COMBO" => return Ok(Value::from(text)),
        // People write .5, which is no JSON.
        "FLOAT" if text.trim().starts_with(['.', '-', '+']) => {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.map_or_else(|| Value::from(text), Value::from)
        }
        _ => serde_json::from_str::<Value>(text.trim()).unwrap_or_else(|_| Value::from(text)),
    };
    let fits = match (input.r#type.as_str(), &value) {
        ("BOOLEAN", Value::Bool(_)) | ("INT" | "FLOAT", Value::Number(_)) => true,
        _ => LinkRef::read(&value).is_some(),
    };
    if fits {
        return Ok(value);
    }
    let code = match is_widget(&input.r#type) {
        true => ErrorCode::InvalidInputType,
        false => ErrorCode::BadLinkedInput,
    };
    Err(GraphError::new(code, quoted(text), expected(input, &Permitted::Any)))
}
