//! The inputs of one node: given where required, of a value that the server can convert, within
//! its range and choices.

use super::python::{Object, equal, less, str};
use super::words::{self, SHOWN_CHOICES, expected};
use super::{Judge, about, extra};
use crate::graph::comfy::InputInfo;
use crate::graph::error::shown;
use crate::graph::verdict::EditorError;
use crate::graph::{ErrorCode, GraphError};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What stands under `inputs`, as far as Python can ask it for a name.
enum Fields<'a> {
    Map(&'a Map<String, Value>),
    /// A list or a text: asked for a name it has none, but where it holds that name it fails.
    Names(&'a Value),
    /// Fails for every name.
    Other(&'a Value),
    Missing,
}

impl<'a> Judge<'a> {
    /// Checks node `at` and notes the nodes that it takes from.
    pub(super) fn inputs(&mut self, at: usize) {
        let class = self.classes[at];
        let fields = match self.node(at).raw.get("inputs") {
            Some(Value::Object(map)) => Fields::Map(map),
            Some(other @ (Value::Array(_) | Value::String(_))) => Fields::Names(other),
            Some(other) => Fields::Other(other),
            None => Fields::Missing,
        };
        if !self.form(at, &fields) {
            return;
        }
        let inputs = class.inputs.iter().enumerate();
        for (index, input) in inputs.filter(|(_, input)| !input.hidden) {
            let value = match fields {
                Fields::Map(map) => map.get(&input.name),
                _ => None,
            };
            match value {
                Some(link @ Value::Array(_)) => {
                    if let Some(source) = self.link(at, index + 1, input, link) {
                        self.sources[at].push(source);
                        self.through[at].push(index + 1);
                    }
                }
                Some(value) => self.constant(at, index + 1, input, value),
                None if input.required => self.missing(at, index + 1, input),
                None => {}
            }
        }
        if let Fields::Map(map) = fields {
            self.unknown(at, map);
        }
    }

    /// Whether names can be asked for.
    fn form(&mut self, at: usize, fields: &Fields<'_>) -> bool {
        let mut declared = self.classes[at].inputs.iter().filter(|input| !input.hidden);
        let (found, message) = match fields {
            Fields::Map(_) => return true,
            Fields::Names(value) => match declared.find(|input| holds(value, &input.name)) {
                None => return true,
                Some(_) => (shown(value), "the inputs of a node are not an object."),
            },
            Fields::Other(value) => match declared.next() {
                None => return true,
                Some(_) => (shown(value), "the inputs of a node are not an object."),
            },
            Fields::Missing => ("nothing".to_owned(), "a node is missing the inputs property."),
        };
        let details = format!("Node ID '#{}'", self.node(at).id());
        let error = EditorError {
            r#type: ErrorCode::InvalidPrompt.as_str(),
            message: format!("Cannot execute because {message}"),
            details,
            extra_info: Map::new(),
        };
        let expected = "an object, {} where nothing is given";
        let fault =
            GraphError::new(ErrorCode::InvalidPrompt, format!("{found} as inputs"), expected);
        self.report(at, 0, || (error, fault));
        false
    }

    fn missing(&mut self, at: usize, rank: usize, input: &InputInfo) {
        self.report(at, rank, || {
            let mut extra = Map::new();
            extra.insert("input_name".to_owned(), Value::from(input.name.as_str()));
            let error = EditorError {
                r#type: ErrorCode::RequiredInputMissing.as_str(),
                message: "Required input is missing".to_owned(),
                details: input.name.clone(),
                extra_info: extra,
            };
            let fault =
                GraphError::new(ErrorCode::RequiredInputMissing, "nothing", expected(input));
            (error, fault.input(&input.name))
        });
    }

    fn constant(&mut self, at: usize, rank: usize, input: &'a InputInfo, value: &'a Value) {
        let given = value.get("__value__").filter(|_| value.is_object()).unwrap_or(value);
        let object = match convert(words::kind(input), Object::from(given)) {
            Ok(object) => object,
            Err(exception) => {
                self.report(at, rank, || unconvertible(input, given, &exception));
                return;
            }
        };
        if let Some(code) = self.beyond(input, &object) {
            self.report(at, rank, || out_of_range(code, input, given, &object));
            return;
        }
        if let Value::Array(choices) = words::declared(input)
            && !self.among(input, choices, &object)
        {
            let names = choices.iter().filter_map(Value::as_str);
            let hint = given.as_str().and_then(|name| self.closest(name, names));
            self.report(at, rank, || not_in_list(input, choices, given, &object, hint));
            return;
        }
        self.doubts(at, input, given, &object);
    }

    /// The bound that the value violates; a comparison that Python refuses is a wrong type.
    fn beyond(&self, input: &InputInfo, object: &Object<'_>) -> Option<ErrorCode> {
        let bound = |name: &str| input.option(name).map(Object::from);
        if let Some(min) = bound("min") {
            match less(object, &min) {
                None => return Some(ErrorCode::InvalidInputType),
                Some(true) => return Some(ErrorCode::ValueSmallerThanMin),
                Some(false) => {}
            }
        }
        match less(&bound("max")?, object) {
            None => Some(ErrorCode::InvalidInputType),
            Some(true) => Some(ErrorCode::ValueBiggerThanMax),
            Some(false) => None,
        }
    }

    /// Whether the value is one of the choices; long lists are hashed once.
    pub(super) fn among(
        &mut self,
        input: &'a InputInfo,
        choices: &'a [Value],
        object: &Object<'_>,
    ) -> bool {
        if let (Object::Text(text), true) = (object, choices.len() > SHOWN_CHOICES) {
            let texts = || choices.iter().filter_map(Value::as_str).collect::<HashSet<_>>();
            let known = self.choices.entry(std::ptr::from_ref(input)).or_insert_with(texts);
            return known.contains(text.as_ref());
        }
        choices.iter().any(|choice| equal(object, &Object::from(choice)))
    }
}

/// `name in value`.
fn holds(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(name)),
        Value::String(text) => text.contains(name),
        _ => false,
    }
}

fn convert<'o>(kind: &str, object: Object<'o>) -> Result<Object<'o>, String> {
    match kind {
        "INT" => object.int().map(Object::Int),
        "FLOAT" => object.float().map(Object::Float),
        "STRING" => Ok(object.text()),
        "BOOLEAN" => Ok(Object::Bool(object.truth())),
        _ => Ok(object),
    }
}

/// What was found, and what became of it where that is something else.
pub(super) fn found(given: &Value, object: &Object<'_>) -> String {
    let read = object.to_json();
    match equal(&Object::from(given), object) {
        true => shown(given),
        false => format!("{}, read as {}", shown(given), shown(&read)),
    }
}

fn unconvertible(input: &InputInfo, given: &Value, exception: &str) -> (EditorError, GraphError) {
    let mut extra = extra(input, given.clone());
    extra.insert("exception_message".to_owned(), Value::from(exception));
    let value = str(&Object::from(given));
    let error = EditorError {
        r#type: ErrorCode::InvalidInputType.as_str(),
        message: format!("Failed to convert an input value to a {} value", words::kind(input)),
        details: format!("{}, {value}, {exception}", input.name),
        extra_info: extra,
    };
    let fault = GraphError::new(ErrorCode::InvalidInputType, shown(given), expected(input));
    (error, fault.input(&input.name))
}

fn out_of_range(
    code: ErrorCode,
    input: &InputInfo,
    given: &Value,
    object: &Object<'_>,
) -> (EditorError, GraphError) {
    let bound = |name: &str| input.option(name).map(Object::from).unwrap_or(Object::None);
    let value = str(object);
    let message = match code {
        ErrorCode::ValueSmallerThanMin => {
            format!("Value {value} smaller than min of {}", str(&bound("min")))
        }
        ErrorCode::ValueBiggerThanMax => {
            format!("Value {value} bigger than max of {}", str(&bound("max")))
        }
        _ => format!(
            "Value {value} cannot be compared with a range of {} to {}",
            str(&bound("min")),
            str(&bound("max"))
        ),
    };
    let fault = GraphError::new(code, found(given, object), expected(input));
    (about(code, message, input, object.to_json()), fault.input(&input.name))
}

fn not_in_list(
    input: &InputInfo,
    choices: &[Value],
    given: &Value,
    object: &Object<'_>,
    hint: Option<String>,
) -> (EditorError, GraphError) {
    let code = ErrorCode::ValueNotInList;
    let mut error = about(code, "Value not in list".to_owned(), input, object.to_json());
    let list = match choices.len() > SHOWN_CHOICES {
        true => {
            error.extra_info.insert("input_config".to_owned(), Value::Null);
            format!("(list of length {})", choices.len())
        }
        false => str(&Object::List(choices)),
    };
    error.details = format!("{}: '{}' not in {list}", input.name, str(object));
    let fault = GraphError::new(code, shown(given), expected(input));
    (error, fault.input(&input.name).closest(hint))
}
