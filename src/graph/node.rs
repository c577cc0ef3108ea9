//! One node of a graph as it was read: the JSON object, and views of its parts.
//!
//! The object is kept whole, so that keys nobody here knows survive writing. Parts that have the
//! wrong form read as absent; validation says so.

use super::link::LinkRef;
use super::words::word;
use serde_json::{Map, Value};

/// A node: `{"class_type": ..., "inputs": {...}, "_meta": {"title": ...}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    id: String,
    pub(super) raw: Value,
}

/// The value of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given<'a> {
    /// Anything but an array; `{"__value__": v}` reads as `v`.
    Constant(&'a Value),
    /// An array of a node id and a slot.
    Link(LinkRef<'a>),
    /// Any other array: every array stands for a link.
    Malformed(&'a Value),
}

impl Node {
    pub(super) fn new(id: String, raw: Value) -> Self {
        Self { id, raw }
    }

    /// The key under which the graph has it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Class name as the graph spells it.
    pub fn class(&self) -> Option<&str> {
        self.raw.get("class_type")?.as_str()
    }

    /// Name that its author gave it in an editor.
    pub fn title(&self) -> Option<&str> {
        self.meta()?.get("title")?.as_str()
    }

    /// `1 (Class)`: how messages about another node name this one.
    pub(super) fn label(&self) -> String {
        match self.class() {
            Some(class) => format!("{} ({})", word(&self.id), word(class)),
            None => word(&self.id),
        }
    }

    /// What editors keep beside the node: `title`, `cnr_id`, `ver`.
    pub fn meta(&self) -> Option<&Map<String, Value>> {
        self.raw.get("_meta")?.as_object()
    }

    /// Number of inputs given.
    pub fn len(&self) -> usize {
        self.fields().map_or(0, Map::len)
    }

    /// Whether no input is given.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The input `name`, if given.
    pub fn input(&self, name: &str) -> Option<Given<'_>> {
        self.fields()?.get(name).map(Given::read)
    }

    /// All inputs given, in the order of the file.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, Given<'_>)> {
        let fields = self.fields().into_iter().flatten();
        fields.map(|(name, value)| (name.as_str(), Given::read(value)))
    }

    /// Gives input `name` a value, in place or after the others; says whether it had another. Does
    /// nothing where the node has not the form of a node.
    pub(super) fn put(&mut self, name: &str, value: Value) -> bool {
        let Value::Object(node) = &mut self.raw else { return false };
        let inputs = node.entry("inputs").or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inputs) = inputs else { return false };
        if inputs.get(name) == Some(&value) {
            return false;
        }
        inputs.insert(name.to_owned(), value);
        true
    }

    /// Changes the inputs as a whole. Does nothing where the node has none.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Some(Value::Object(inputs)) = self.raw.get_mut("inputs") {
            change(inputs);
        }
    }

    /// Keeps `value` under `key` beside the node, where editors look.
    pub(super) fn note(&mut self, key: &str, value: Value) {
        if let Some(meta) = object(&mut self.raw, "_meta") {
            meta.insert(key.to_owned(), value);
        }
    }

    /// Keeps `value` under `key` beside the node, where only we look.
    pub(super) fn note_own(&mut self, key: &str, value: Value) {
        let meta = self.raw.as_object_mut().and_then(|node| node.get_mut("_meta"));
        if let Some(own) = meta.and_then(|meta| object(meta, "amdm")) {
            own.insert(key.to_owned(), value);
        }
    }

    fn fields(&self) -> Option<&Map<String, Value>> {
        self.raw.get("inputs")?.as_object()
    }
}

impl<'a> Given<'a> {
    fn read(value: &'a Value) -> Self {
        match value {
            Value::Array(_) => match LinkRef::read(value) {
                Some(link) => Self::Link(link),
                None => Self::Malformed(value),
            },
            Value::Object(map) => Self::Constant(map.get("__value__").unwrap_or(value)),
            _ => Self::Constant(value),
        }
    }
}

/// The object under `key`, made where there is nothing.
fn object<'v>(parent: &'v mut Value, key: &str) -> Option<&'v mut Map<String, Value>> {
    let entry = parent.as_object_mut()?.entry(key).or_insert_with(|| Value::Object(Map::new()));
    entry.as_object_mut()
}
