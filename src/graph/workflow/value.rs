//! Which of a node's saved values count, and how a value travels in a graph.
//!
//! Positions win over names, unless there are not as many as the node has widgets. Very old files
//! hold a dummy for every input that says `forceInput`; they are told by their number.

use super::layout::{Layout, Saved};
use super::spec::{CURVE, Shape, Spec};
use crate::graph::comfy::NodeInfo;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What was odd about the values of a node.
pub(super) enum Oddity {
    /// Values and widgets are not equally many.
    Count { found: usize, expected: usize },
    /// Values are kept in a form that editors ignore.
    Form,
    /// As `Count`, so the values saved by name were used.
    Named { found: Option<usize>, expected: usize },
}

/// Lays out a node of the file with the values it was saved with.
pub(super) fn lay_out<'a>(node: &'a Value, info: &'a NodeInfo) -> (Layout<'a>, Option<Oddity>) {
    let named = node.get("widgets_values_named").and_then(Value::as_object);
    let by_name = |names: &'a Map<String, Value>| {
        let entry = |(name, value): (&'a String, &'a Value)| {
            (Cow::Borrowed(name.as_str()), Cow::Borrowed(value))
        };
        Layout::new(info, &Saved::Names(names.iter().map(entry).collect()))
    };
    let Some(Value::Array(values)) = node.get("widgets_values") else {
        if let Some(names) = named.filter(|names| !names.is_empty()) {
            let layout = by_name(names);
            let expected = layout.widgets.len();
            return (layout, Some(Oddity::Named { found: None, expected }));
        }
        let layout = by_position(node, info, Vec::new());
        let object = node.get("widgets_values").is_some_and(Value::is_object);
        let expected = layout.widgets.len();
        let oddity = if object { Oddity::Form } else { Oddity::Count { found: 0, expected } };
        return (layout, Some(oddity).filter(|_| expected > 0));
    };
    let dummies = dummies(info);
    let stripped = dummies.len() == values.len() && dummies.contains(&true);
    let kept = values.iter().zip(&dummies).filter(|(_, dummy)| !**dummy).map(|(value, _)| value);
    let positions = if stripped { kept.collect() } else { values.iter().collect() };
    let layout = by_position(node, info, positions);
    let (found, expected) = (values.len(), layout.widgets.len());
    if found == expected || stripped {
        return (layout, None);
    }
    match named.filter(|names| !names.is_empty()) {
        Some(names) => (by_name(names), Some(Oddity::Named { found: Some(found), expected })),
        None => (layout, Some(Oddity::Count { found, expected })),
    }
}

/// Gives the values by position. A single group of widgets has as many members as there are values
/// for: sockets of widgets that are not linked are not in the file.
fn by_position<'a>(node: &'a Value, info: &'a NodeInfo, values: Vec<&'a Value>) -> Layout<'a> {
    let mut saved = Saved::Positions { values, node, more: 0 };
    let layout = Layout::new(info, &saved);
    let Saved::Positions { values, more, .. } = &mut saved else { return layout };
    let count = values.len();
    *more = count.saturating_sub(layout.widgets.len());
    if layout.groups != 1 || *more == 0 {
        return layout;
    }
    let grown = Layout::new(info, &saved);
    if grown.widgets.len() == count { grown } else { layout }
}

/// For every value of a very old file whether it is a dummy. Such files have one for each widget,
/// one for each declared control, and one for each input that says `forceInput`.
fn dummies(info: &NodeInfo) -> Vec<bool> {
    let mut dummies = Vec::new();
    for spec in info.inputs.iter().filter(|input| !input.hidden).map(Spec::of) {
        let forced = spec.forced();
        if !forced && !matches!(spec.shape(), Shape::Widget) {
            continue;
        }
        dummies.push(forced);
        if spec.is("control_after_generate") {
            dummies.push(false);
        }
    }
    dummies
}

/// A widget's value as graphs have it: lists are wrapped, as bare ones are links.
pub(super) fn wrapped(spec: Option<&Spec<'_>>, value: &Value) -> Value {
    if spec.is_some_and(|spec| spec.widget_type() == CURVE) && value.is_array() {
        return json!({ "__type__": CURVE, "__value__": value });
    }
    if value.is_array() { json!({ "__value__": value }) } else { value.clone() }
}

/// Roughly the bytes of a value's text.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + items.len() + 2,
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + 4 + size(value)).sum(),
        _ => 8,
    }
}
