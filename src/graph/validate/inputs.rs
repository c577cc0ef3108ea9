//! The inputs of each node: given, known, and of the declared type.

use super::report::Place;
use super::value::{either, expected, resolve};
use super::{Validation, groups};
use crate::catalogue::{Descriptor, Input};
use crate::graph::effort;
use crate::graph::error::{shown, word};
use crate::graph::node::Given;
use crate::graph::{ErrorCode, GraphError, Resolved};
use serde_json::Value;
use std::sync::Arc;

/// Inputs that a message lists; more are counted.
const SHOWN_INPUTS: usize = 20;

impl Validation<'_> {
    /// Resolved inputs of every node; those at fault are reported and left out.
    pub(super) fn inputs(&mut self) -> Vec<Vec<(String, Resolved)>> {
        let classes = self.nodes.clone();
        let resolve = |(at, class): (usize, &Option<Arc<Descriptor>>)| match class {
            Some(class) if self.node(at).raw["inputs"].is_object() => self.inputs_of(at, class),
            _ => Vec::new(),
        };
        classes.iter().enumerate().map(resolve).collect()
    }

    fn inputs_of(&mut self, at: usize, class: &Descriptor) -> Vec<(String, Resolved)> {
        let mut resolved = Vec::with_capacity(class.inputs.len());
        for (index, input) in class.inputs.iter().enumerate() {
            effort::tick();
            let place = Place::input(at, index);
            let value = if input.group {
                groups::resolve(self, place, at, class, input)
            } else {
                match self.node(at).input(&input.name) {
                    Some(given) => self.given(place, &input.name, input, given),
                    None => self.absent(place, input),
                }
            };
            resolved.extend(value.map(|value| (input.name.clone(), value)));
        }
        self.unknown(at, class);
        resolved
    }

    /// What is given as `name`, in the type of `input`.
    pub(super) fn given(
        &mut self,
        place: Place,
        name: &str,
        input: &Input,
        given: Given<'_>,
    ) -> Option<Resolved> {
        match given {
            Given::Constant(value) => self.constant(place, name, input, value),
            Given::Link(link) => self.link(place, name, input, link).map(Resolved::Link),
            Given::Malformed(value) => {
                self.malformed(place, name, value);
                None
            }
        }
    }

    fn constant(
        &mut self,
        place: Place,
        name: &str,
        input: &Input,
        value: &Value,
    ) -> Option<Resolved> {
        let names = self.lists.of(input);
        match resolve(input, value, &names) {
            Ok(resolved) => Some(resolved),
            Err(error) => {
                let hint = match (error.code, value.as_str()) {
                    (ErrorCode::ValueNotInList, Some(text)) => self.closest(text, names.iter()),
                    _ => None,
                };
                self.report(place, error.input(name).closest(hint));
                None
            }
        }
    }

    /// An input that is not given: its default, nothing, or an error.
    fn absent(&mut self, place: Place, input: &Input) -> Option<Resolved> {
        if let Some(default) = &input.default {
            return self.constant(place, &input.name, input, default);
        }
        if !input.optional {
            self.missing(place, &input.name, input);
        }
        None
    }

    pub(super) fn missing(&mut self, place: Place, name: &str, input: &Input) {
        let expected = expected(input, &self.lists.of(input));
        let error = GraphError::new(ErrorCode::RequiredInputMissing, "nothing", expected);
        self.report(place, error.input(name));
    }

    fn malformed(&mut self, place: Place, name: &str, value: &Value) {
        let expected = "a link as [\"node id\", slot]";
        let hint = match value.as_array().map(Vec::as_slice) {
            Some([Value::Number(id), Value::Number(slot)]) => {
                let known = self.document.find(&id.to_string()).is_some();
                known.then(|| format!("[\"{id}\",{slot}]"))
            }
            _ => None,
        };
        let error = GraphError::new(ErrorCode::BadLinkedInput, shown(value), expected);
        self.report(place, error.input(name).closest(hint));
    }

    /// Inputs that the class does not have.
    fn unknown(&mut self, at: usize, class: &Descriptor) {
        for (index, (name, _)) in self.node(at).inputs().enumerate() {
            effort::tick();
            let declared = class.inputs.iter().any(|input| input.name == name);
            if declared || groups::of(class, name).is_some() {
                continue;
            }
            let names = class.inputs.iter().map(|input| input.name.as_str());
            let numbered = groups::misspelt(class, name).is_some();
            let hint = if numbered { None } else { self.closest(name, names) };
            let error = unknown(class, name).closest(hint);
            self.report(Place::input(at, class.inputs.len() + index), error);
        }
    }
}

/// An input of a name that `class` does not have.
pub(in crate::graph) fn unknown(class: &Descriptor, name: &str) -> GraphError {
    let (found, expected) = match groups::misspelt(class, name) {
        Some(group) => (
            "a malformed number at the end".to_owned(),
            format!("{group}_1, {group}_2 and so on, without leading zeros"),
        ),
        None => (format!("an input that {} does not have", word(&class.r#type)), known(class)),
    };
    GraphError::new(ErrorCode::UnknownInput, found, expected).input(name)
}

fn known(class: &Descriptor) -> String {
    if class.inputs.is_empty() {
        return "no inputs".to_owned();
    }
    if class.inputs.len() > SHOWN_INPUTS {
        return format!("one of its {} inputs", class.inputs.len());
    }
    either(class.inputs.iter().map(|input| match input.group {
        true => format!("{}_1 and so on", input.name),
        false => input.name.clone(),
    }))
}
