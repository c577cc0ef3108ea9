//! One node's description, as `/object_info` has it.
//!
//! Inputs stand in the order in which editors make their widgets: `input_order.required`, then
//! `input_order.optional`, then what neither lists in the order of the JSON, hidden ones last. Of
//! inputs with one name the first counts.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// One node of an installation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// Class name in graphs.
    pub class: String,
    /// Name for people (`display_name`); the class where there is none.
    pub title: String,
    /// Menu path; empty where there is none.
    pub category: String,
    /// What the node does; empty where nothing is said.
    pub description: String,
    /// Python module that defines it; empty where there is none.
    pub python_module: String,
    /// Inputs in the order of their widgets, hidden ones last.
    pub inputs: Vec<InputInfo>,
    /// Outputs; a link's slot is the index here.
    pub outputs: Vec<OutputInfo>,
    /// Has an effect of its own.
    pub output_node: bool,
    /// Takes all items of a list at once (`is_input_list`).
    pub input_list: bool,
    /// Its author advises against using it.
    pub deprecated: bool,
    /// Says in which order its inputs stand (`input_order`).
    pub ordered: bool,
    index: HashMap<String, usize>,
}

/// One input of a node.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InputInfo {
    /// Name in graphs.
    pub name: String,
    /// Must be given.
    pub required: bool,
    /// Filled in by the server, never by a graph.
    pub hidden: bool,
    /// Declared type: `INT`, `IMAGE`, `IMAGE,MASK`, `*`; `COMBO` also where the declaration is a
    /// list of choices.
    pub type_name: String,
    /// The declaration as it stands, mostly `[TYPE, {options}]`: what error envelopes repeat.
    pub config: Value,
}

/// One output of a node.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutputInfo {
    /// Name for people; the type where there is none.
    pub name: String,
    /// Type: `IMAGE`; `COMBO` where the declaration is a list of choices.
    pub type_name: String,
    /// The type as it stands: a text, or the list of choices.
    pub declared: Value,
    /// Yields a list of values.
    pub list: bool,
}

impl NodeInfo {
    /// Reads an entry; parts of a wrong form read as absent.
    pub(super) fn read(class: String, mut entry: Map<String, Value>) -> Self {
        let inputs = inputs(&mut entry);
        let index = inputs.iter().enumerate().map(|(at, input)| (input.name.clone(), at)).collect();
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| entry.get(key).is_some_and(|value| *value == Value::Bool(true));
        Self {
            title: text("display_name").unwrap_or_else(|| class.clone()),
            class,
            category: text("category").unwrap_or_default(),
            description: text("description").unwrap_or_default(),
            python_module: text("python_module").unwrap_or_default(),
            outputs: outputs(&entry),
            output_node: flag("output_node"),
            input_list: flag("is_input_list"),
            deprecated: flag("deprecated"),
            ordered: entry.get("input_order").is_some_and(Value::is_object),
            inputs,
            index,
        }
    }

    /// The input `name`.
    pub fn input(&self, name: &str) -> Option<&InputInfo> {
        self.inputs.get(*self.index.get(name)?)
    }
}

impl InputInfo {
    /// Reads a declaration: `[TYPE, {options}]`, `[[choices], {options}]`, or a bare type.
    pub fn read(name: &str, required: bool, hidden: bool, config: Value) -> Self {
        let type_name = declared_type(&config).to_owned();
        Self { name: name.to_owned(), required, hidden, type_name, config }
    }

    /// The options of the declaration, such as `default` and `min`.
    pub fn options(&self) -> Option<&Map<String, Value>> {
        self.config.get(1)?.as_object()
    }

    /// One of the options.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.options()?.get(name)
    }

    /// Whether an option is `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.option(name) == Some(&Value::Bool(true))
    }

    /// The values of a `COMBO`, in both ways to declare them; `None` where none are listed.
    pub fn choices(&self) -> Option<&[Value]> {
        declared_choices(&self.config)
    }

    /// Whether the choices stand in place of the type, the form that servers check.
    pub fn legacy_choices(&self) -> bool {
        matches!(self.config.get(0), Some(Value::Array(_)))
    }
}

/// The type of a declaration `[TYPE, {options}]`; lists of choices are a `COMBO`.
pub(in crate::graph) fn declared_type(config: &Value) -> &str {
    let declared = if config.is_array() { config.get(0) } else { Some(config) };
    type_name(declared.unwrap_or(&Value::Null))
}

/// The choices of a declaration, in place of the type or among the options.
pub(in crate::graph) fn declared_choices(config: &Value) -> Option<&[Value]> {
    if let Some(Value::Array(choices)) = config.get(0) {
        return Some(choices);
    }
    if declared_type(config) != "COMBO" {
        return None;
    }
    config.get(1)?.get("options")?.as_array().map(Vec::as_slice)
}

fn type_name(declared: &Value) -> &str {
    match declared {
        Value::String(name) => name,
        Value::Array(_) => "COMBO",
        _ => "*",
    }
}

/// A group of inputs as far as it has not been taken yet.
fn group(entry: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match entry.get_mut("input").and_then(|input| input.get_mut(name)) {
        Some(Value::Object(group)) => std::mem::take(group),
        _ => Map::new(),
    }
}

fn inputs(entry: &mut Map<String, Value>) -> Vec<InputInfo> {
    let names = ["required", "optional", "hidden"];
    let mut groups = names.map(|name| group(entry, name));
    let mut inputs: Vec<InputInfo> = Vec::new();
    for (at, name) in names.iter().enumerate().take(2) {
        let order = entry.get("input_order").and_then(|order| order.get(name));
        for input in order.and_then(Value::as_array).into_iter().flatten() {
            let Some(input) = input.as_str() else { continue };
            // Taken out, not shifted: what stays keeps its order, and taking costs no more than it.
            if let Some(config) = groups[at].get_mut(input).map(Value::take)
                && !config.is_null()
            {
                inputs.push(InputInfo::read(input, at == 0, false, config));
            }
        }
    }
    for (at, group) in groups.into_iter().enumerate() {
        for (name, config) in group {
            if !config.is_null() {
                inputs.push(InputInfo::read(&name, at == 0, at == 2, config));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    inputs.retain(|input| seen.insert(input.name.clone()));
    inputs
}

fn outputs(entry: &Map<String, Value>) -> Vec<OutputInfo> {
    let list = |key: &str| entry.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (names, lists) = (list("output_name"), list("output_is_list"));
    let output = |(at, declared): (usize, &Value)| {
        let type_name = type_name(declared);
        OutputInfo {
            name: names.get(at).and_then(Value::as_str).unwrap_or(type_name).to_owned(),
            list: lists.get(at) == Some(&Value::Bool(true)),
            declared: declared.clone(),
            type_name: type_name.to_owned(),
        }
    };
    list("output").iter().enumerate().map(output).collect()
}
