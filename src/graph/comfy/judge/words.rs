//! What a declaration of an input asks for, in words and as errors repeat it.

use super::python::{Object, str};
use crate::graph::comfy::InputInfo;
use crate::graph::error::{quoted, shown};
use crate::graph::validate::value::{article, either};
use serde_json::{Map, Value};

/// Choices that a message lists; more are counted.
pub(super) const SHOWN_CHOICES: usize = 20;

/// The declared type: a text, or the list of choices that stands in its place.
pub(super) fn declared(input: &InputInfo) -> &Value {
    match &input.config {
        Value::Array(parts) => parts.first().unwrap_or(&Value::Null),
        bare => bare,
    }
}

/// The declared type where it is a name.
pub(super) fn kind(input: &InputInfo) -> &str {
    declared(input).as_str().unwrap_or_default()
}

/// `[TYPE, {options}]`, with empty options where none are declared.
pub(super) fn config(input: &InputInfo) -> Value {
    let options = input.options().cloned().unwrap_or_else(Map::new);
    Value::Array(vec![declared(input).clone(), Value::Object(options)])
}

/// A type as the server writes it.
pub(super) fn type_text(declared: &Value) -> String {
    str(&Object::from(declared))
}

/// What the input takes, in words.
pub(super) fn expected(input: &InputInfo) -> String {
    match (declared(input), kind(input)) {
        (Value::Array(choices), _) => either_of(choices),
        (_, "INT") => format!("a whole number{}", range(input)),
        (_, "FLOAT") => format!("a number{}", range(input)),
        (_, "STRING") => "text".to_owned(),
        (_, "BOOLEAN") => "true or false".to_owned(),
        (_, "COMBO") => input.choices().map_or("one of its choices".to_owned(), either_of),
        _ => link(input),
    }
}

/// A link to such an output as the input takes.
pub(super) fn link(input: &InputInfo) -> String {
    format!("a link to {} output", article(&input.type_name))
}

pub(super) fn either_of(choices: &[Value]) -> String {
    match choices.len() {
        0 => "one of the choices, of which there are none".to_owned(),
        count if count > SHOWN_CHOICES => format!("one of the {count} choices"),
        _ => either(choices.iter().map(|choice| match choice {
            Value::String(text) => quoted(text),
            other => shown(other),
        })),
    }
}

fn range(input: &InputInfo) -> String {
    let bound = |name: &str| input.option(name).filter(|bound| bound.is_number());
    match (bound("min"), bound("max")) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}
