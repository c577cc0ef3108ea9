//! Values from outside: `--set sampler.steps=30`, parameter files, sweeps.
//!
//! * [`apply`]: one setting; of several for one input the last counts, and a sweep before all.
//! * [`Finder`]: finds what settings name, many of them in one graph.
//! * [`Target`]: what a setting is about; takes a text, or a JSON value.
//! * [`values`]: names and values out of a parameter file.
//! * [`parameters`]: the parameters that a graph declares.
//! * [`settable`]: everything that can be set, with its type, range and present value.
//! * [`fill_file_names`]: other nodes' values in file names.
//! * [`Sweep`]: one setting with many values, and the runs that several of them make.
//!
//! A text is read by the input's declared type: numbers, truth values and links (`["4",0]`) as
//! JSON, texts and choices as they stand. Ranges and choices are judged by validation, with
//! everything else.

mod finder;
mod names;
mod parameters;
mod settable;
mod sweep;
mod values;

pub use finder::Finder;
pub use names::fill_file_names;
pub use parameters::{Parameter, parameters};
pub use settable::{Settable, settable};
pub use sweep::{Run, Sweep, runs};
pub use values::values;

use super::code::ErrorCode;
use super::error::{GraphError, quoted};
use super::validate::inputs::unknown as unknown_input;
use super::validate::lists::Permitted;
use super::validate::value::{expected, is_widget};
use super::{Document, LinkRef};
use crate::catalogue::{Catalogue, Descriptor, Input, closest::closest};
use serde_json::Value;
use std::sync::Arc;

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
    let (target, text) = Finder::new(document, catalogue).find(document, setting)?;
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
    class: Arc<Descriptor>,
    /// Index of its declaration in the class.
    declared: usize,
}

impl Place {
    fn input(&self) -> &Input {
        &self.class.inputs[self.declared]
    }
}

impl Target {
    /// The name as the setting writes it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The declaration of the input; of a parameter's first.
    pub fn input(&self) -> Option<&Input> {
        self.places.first().map(Place::input)
    }

    /// Ids of nodes and names of their inputs that are set.
    pub fn places<'t>(
        &'t self,
        document: &'t Document,
    ) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.keys().filter_map(|(at, input)| Some((document.nodes().get(at)?.id(), input)))
    }

    /// The inputs that are set, as index of the node and name of the input.
    pub(super) fn keys(&self) -> impl Iterator<Item = (usize, &str)> {
        self.places.iter().map(|place| (place.node, place.name.as_str()))
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
            read(place.input(), text)
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
            document.set(place.node, &place.name, value);
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
    let declared = find(descriptor, name).ok_or_else(|| {
        let names = descriptor.inputs.iter().map(|input| input.name.as_str());
        unknown_input(descriptor, name).at(node).closest(closest(name, names))
    })?;
    Ok(Place { node: at, name: name.to_owned(), class: Arc::clone(descriptor), declared })
}

/// Index of the declared input, or of the group that the name is a member of.
fn find(class: &Descriptor, name: &str) -> Option<usize> {
    let declared = |name: &str| class.inputs.iter().position(|input| input.name == name);
    declared(name).or_else(|| declared(&super::validate::member(class, name)?.name))
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
