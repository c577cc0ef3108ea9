//! Single values from a command line: `--set sampler.steps=30`.
//!
//! The node is named by its id or its title; both may hold dots, spaces and `=`: the longest id
//! that fits wins, then the longest title. The value is read by the input's declared type: numbers,
//! truth values and links (`["4",0]`) as JSON, texts and choices as they stand. Ranges and choices
//! are judged by validation, with everything else.

use super::code::ErrorCode;
use super::error::{GraphError, quoted, word};
use super::validate::inputs::unknown as unknown_input;
use super::validate::lists::Permitted;
use super::validate::value::{expected, is_widget};
use super::{Document, LinkRef, Node};
use crate::catalogue::{Catalogue, Descriptor, Input, closest::closest};
use serde_json::Value;

/// Changes one input of `document`; on an error nothing is changed.
///
/// # Errors
/// `invalid_setting`, `unknown_node`, `ambiguous_title`, `missing_node_type`, `unknown_input`,
/// `invalid_input_type`, `bad_linked_input`.
pub fn apply(
    document: &mut Document,
    catalogue: &Catalogue,
    setting: &str,
) -> Result<(), GraphError> {
    let (at, name, value) = split(document, setting)?;
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
    let value = read(input, value).map_err(|error| error.at(node).input(name))?;
    if let Some(node) = document.node_mut(at) {
        node.put(name, value);
    }
    Ok(())
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
