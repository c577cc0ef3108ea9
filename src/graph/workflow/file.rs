//! Views of the JSON of a saved workflow: ids, nodes' inputs, links in both forms.
//!
//! Schema 0.4 writes a link as a row `[id, origin, slot, target, slot, type]`, schema 1 and
//! subgraphs as an object; both are read everywhere. Ids may be numbers or texts.

use super::super::error::cut;
use serde_json::Value;
use std::borrow::Cow;

/// Id that stands for a subgraph's own inputs, as the origin of links.
pub(super) const ENTRY: &str = "-10";
/// Id that stands for a subgraph's own outputs, as the target of links.
pub(super) const EXIT: &str = "-20";

/// A link as the file has it.
pub(super) struct FileLink<'a> {
    pub id: Cow<'a, str>,
    pub origin: Cow<'a, str>,
    pub origin_slot: usize,
    pub target: Cow<'a, str>,
    pub target_slot: usize,
}

/// An input as a node of the file lists it.
#[derive(Clone, Copy)]
pub(super) struct FileInput<'a> {
    pub name: &'a str,
    pub type_name: &'a str,
    pub link: Option<&'a Value>,
}

/// An id: a text, or a number as text.
pub(super) fn id(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(whole(number))),
        _ => None,
    }
}

/// Whole numbers without a fraction, as editors write them.
fn whole(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() < 9.0e15 => {
            format!("{value:.0}")
        }
        _ => number.to_string(),
    }
}

/// A slot: a whole number from 0, also written as text.
fn slot(value: &Value) -> Option<usize> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_u64().or_else(|| {
            let value = other.as_f64()?;
            (value >= 0.0 && value.fract() == 0.0 && value < 1e9).then_some(value as u64)
        })?,
    };
    usize::try_from(number).ok()
}

impl<'a> FileLink<'a> {
    /// Reads a row or an object; `None` for anything else.
    pub fn read(value: &'a Value) -> Option<Self> {
        let part = |at: usize, name: &str| match value {
            Value::Array(row) => row.get(at),
            other => other.get(name),
        };
        Some(Self {
            id: id(part(0, "id")?)?,
            origin: id(part(1, "origin_id")?)?,
            origin_slot: slot(part(2, "origin_slot")?)?,
            target: id(part(3, "target_id")?)?,
            target_slot: slot(part(4, "target_slot")?)?,
        })
    }
}

/// The inputs that a node of the file lists.
pub(super) fn inputs(node: &Value) -> impl Iterator<Item = FileInput<'_>> {
    list(node, "inputs").iter().filter_map(|input| {
        Some(FileInput {
            name: input.get("name")?.as_str()?,
            type_name: type_name(input),
            link: input.get("link").filter(|link| !link.is_null()),
        })
    })
}

/// The type of an input or output, as much of it as a name may have; very old files list a combo's
/// choices.
pub(super) fn type_name(socket: &Value) -> &str {
    match socket.get("type") {
        Some(Value::String(name)) => cut(name),
        Some(Value::Array(_)) => "COMBO",
        _ => "*",
    }
}

/// A list under `key`, empty where there is none.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text under `key`, empty where there is none.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}
