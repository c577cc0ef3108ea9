//! Where in the file the values of a graph's inputs come from.
//!
//! A conversion hands values on without copying them, so a value in hand is told by its address: it
//! is the entry of some node's values, be it the node's own, a primitive's or that of a subgraph's
//! instance around it. Addresses are compared, never followed.

use super::layout::Widget;
use super::node::Node;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The address of a part of the file.
pub(super) type Address = *const Value;

/// Where a value comes from.
#[derive(Clone, Debug, Default)]
pub(super) enum Source {
    /// Not from a widget.
    #[default]
    Unknown,
    /// What lies there, in the file or among the defaults of a description.
    Value(Address),
    /// One of the node's own widgets, by its place: the value was not among those of the file.
    Widget { node: Address, place: usize },
}

/// The sources of the inputs that are asked for, by node id and name.
#[derive(Debug, Default)]
pub(super) struct Sources {
    by_node: HashMap<String, HashMap<String, Source>>,
    /// The values of all entries of nodes whose widgets are sources, as an editor would save them.
    lists: HashMap<Address, Vec<Value>>,
}

impl Sources {
    /// Asks for the source of an input.
    pub fn ask(&mut self, node: &str, input: &str) {
        let inputs = self.by_node.entry(node.to_owned()).or_default();
        inputs.insert(input.to_owned(), Source::Unknown);
    }

    /// What was found.
    pub fn get(&self, node: &str, input: &str) -> Option<&Source> {
        self.by_node.get(node)?.get(input)
    }

    /// The values of all entries of a node one of whose widgets is a source.
    pub fn list(&self, node: Address) -> Option<&Vec<Value>> {
        self.lists.get(&node)
    }

    /// Takes note of the widgets of a node; they may be laid out anew by what is given to it.
    pub fn own(&mut self, id: &str, node: &Node<'_>, widgets: &[Widget<'_>]) {
        let Some(asked) = self.by_node.get_mut(id) else { return };
        let relaid = !std::ptr::eq(widgets, node.widgets.as_slice());
        let values = node.raw.get("widgets_values").and_then(Value::as_array);
        let saved: HashSet<Address> =
            values.into_iter().flatten().map(std::ptr::from_ref).collect();
        for (place, widget) in widgets.iter().enumerate() {
            let Some(spec) = &widget.spec else { continue };
            let Some(source) = asked.get_mut(&*spec.name) else { continue };
            *source = match &widget.value {
                Some(Cow::Borrowed(value))
                    if saved.contains(&std::ptr::from_ref(*value)) || relaid =>
                {
                    Source::Value(*value)
                }
                _ if relaid => Source::Unknown,
                _ => {
                    self.lists.entry(node.raw).or_insert_with(|| listed(node));
                    Source::Widget { node: node.raw, place }
                }
            };
        }
    }

    /// Takes note of a value that comes along a link.
    pub fn given(&mut self, id: &str, input: &str, value: &Value) {
        if let Some(source) = self.by_node.get_mut(id).and_then(|asked| asked.get_mut(input)) {
            *source = Source::Value(value);
        }
    }
}

/// The values of all entries of a node, as an editor would save them.
fn listed(node: &Node<'_>) -> Vec<Value> {
    let saved = node.raw.get("widgets_values").and_then(Value::as_array);
    // Where the entries do not fit the widgets, neither do those that no input has.
    let saved = saved.filter(|saved| saved.len() <= node.widgets.len() && node.is_positional());
    let value = |(place, widget): (usize, &Widget<'_>)| match &widget.spec {
        None => saved.and_then(|saved| saved.get(place).cloned()).unwrap_or(widget.extra.into()),
        Some(_) => widget.value.as_deref().cloned().unwrap_or_default(),
    };
    node.widgets.iter().enumerate().map(value).collect()
}
