//! What passes and may still not be meant: values that are read as others, constants on sockets,
//! choices that are not checked, names that nobody reads.

use super::inputs::found;
use super::python::{Object, equal};
use super::{Judge, words};
use crate::graph::comfy::InputInfo;
use crate::graph::error::{shown, word};
use crate::graph::validate::value::{either, is_widget};
use crate::graph::{ErrorCode, GraphError};
use serde_json::{Map, Value};

/// Inputs that a message lists; more are counted.
const SHOWN_INPUTS: usize = 20;

impl<'a> Judge<'a> {
    /// Warns of a value that passed.
    pub(super) fn doubts(
        &mut self,
        at: usize,
        input: &'a InputInfo,
        given: &Value,
        object: &Object<'_>,
    ) {
        let name = &input.name;
        if let Value::Array(_) = words::declared(input) {
            return;
        }
        let kind = words::kind(input);
        if kind == "COMBO" {
            self.unchecked(at, input, given);
        } else if !is_widget(kind) {
            if !is_custom_widget(kind, input) {
                self.warn(at, || {
                    GraphError::new(ErrorCode::BadLinkedInput, shown(given), words::link(input))
                        .input(name)
                });
            }
        } else if changed(given, object) {
            self.warn(at, || {
                let expected = words::expected(input);
                GraphError::new(ErrorCode::ConvertedValue, found(given, object), expected)
                    .input(name)
            });
        }
    }

    /// Warns of values that are not among the choices of a declaration that the server does not
    /// check; a list is one of several choices.
    fn unchecked(&mut self, at: usize, input: &'a InputInfo, given: &Value) {
        let choices = input.choices().unwrap_or_default();
        let values = given.as_array().map_or(std::slice::from_ref(given), Vec::as_slice);
        let unknown = values.iter().find(|value| {
            !choices.is_empty() && !self.among(input, choices, &Object::from(*value))
        });
        let Some(unknown) = unknown else { return };
        let names = choices.iter().filter_map(Value::as_str);
        let hint = unknown.as_str().and_then(|name| self.closest(name, names));
        self.warn(at, || {
            GraphError::new(ErrorCode::ValueNotInList, shown(unknown), words::expected(input))
                .input(&input.name)
                .closest(hint)
        });
    }

    /// Warns of inputs that the class does not declare; they are not read.
    pub(super) fn unknown(&mut self, at: usize, given: &Map<String, Value>) {
        let class = self.classes[at];
        for name in given.keys().filter(|name| class.input(name).is_none_or(|input| input.hidden)) {
            if group(class.inputs.as_slice(), name) {
                continue;
            }
            let names: Vec<&str> = declared(&class.inputs).collect();
            let expected = match names.len() {
                0 => "no inputs".to_owned(),
                count if count > SHOWN_INPUTS => format!("one of its {count} inputs"),
                _ => either(names.iter().map(|name| (*name).to_owned())),
            };
            let hint = self.closest(name, names);
            self.warn(at, || {
                let found = format!("an input that {} does not have", word(&class.class));
                GraphError::new(ErrorCode::UnknownInput, found, expected).input(name).closest(hint)
            });
        }
    }

    /// Warns of nodes that nothing depends on, and of deprecated ones.
    pub(super) fn idle(&mut self) {
        for at in 0..self.reached.len() {
            if !self.reached[at] {
                self.warn(at, || {
                    let found = "a node that no saved or shown result depends on";
                    GraphError::new(ErrorCode::UnusedNode, found, "")
                });
            } else if self.classes[at].deprecated {
                self.warn(at, || {
                    GraphError::new(ErrorCode::DeprecatedNode, "a deprecated class", "")
                });
            }
        }
    }
}

fn declared(inputs: &[InputInfo]) -> impl Iterator<Item = &str> {
    inputs.iter().filter(|input| !input.hidden).map(|input| input.name.as_str())
}

/// Whether editors have a widget for a type that is none of the usual ones: the dynamic types, and
/// what declares a widget or a value of its own.
fn is_custom_widget(kind: &str, input: &InputInfo) -> bool {
    let declares = |name: &str| input.option(name).is_some();
    kind.starts_with("COMFY_") || kind == "*" || declares("widgetType") || declares("default")
}

/// Whether `name` is a part of a dynamic input: `method.sigma` belongs to `method`.
fn group(inputs: &[InputInfo], name: &str) -> bool {
    let Some((stem, _)) = name.split_once('.') else { return false };
    declared(inputs).any(|declared| declared == stem)
}

/// Whether more than the way of writing changed: 1.0 for 1 is the same, `true` for 1 is not.
fn changed(given: &Value, object: &Object<'_>) -> bool {
    let same_kind = matches!(
        (given, object),
        (Value::Number(_), Object::Int(_) | Object::Float(_))
            | (Value::Bool(_), Object::Bool(_))
            | (Value::String(_), Object::Text(_))
    );
    !same_kind || !equal(&Object::from(given), object)
}
