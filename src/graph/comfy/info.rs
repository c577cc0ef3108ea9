//! All node descriptions of an installation.

use super::NodeInfo;
use crate::catalogue::{Catalogue, CatalogueError, closest, object_info};
use crate::{graph, limits};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Node descriptions by class name, in the order of the file. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct ObjectInfo {
    nodes: Vec<Arc<NodeInfo>>,
    index: HashMap<String, usize>,
}

impl ObjectInfo {
    /// Reads the answer of `GET /object_info`.
    ///
    /// # Errors
    /// [`CatalogueError::Malformed`]: no JSON, no object of nodes, or more than
    /// [`limits::GRAPH_BYTES`] or [`limits::JSON_VALUES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CatalogueError> {
        if bytes.len() > limits::GRAPH_BYTES {
            let text =
                format!("found {} bytes, expected at most {}", bytes.len(), limits::GRAPH_BYTES);
            return Err(CatalogueError::Malformed(text));
        }
        let value = graph::json::parse(bytes);
        Self::from_value(value.map_err(|error| CatalogueError::Malformed(error.to_string()))?)
    }

    /// Takes an answer that is a JSON value already.
    ///
    /// # Errors
    /// [`CatalogueError::Malformed`] where it is no object, or none of its values is one.
    pub fn from_value(value: Value) -> Result<Self, CatalogueError> {
        let Value::Object(entries) = value else {
            let text = "found no object, expected class names and their entries";
            return Err(CatalogueError::Malformed(text.to_owned()));
        };
        if !entries.is_empty() && !entries.values().any(Value::is_object) {
            let text = "found no entry that is an object, expected class names and their entries";
            return Err(CatalogueError::Malformed(text.to_owned()));
        }
        Ok(Self::from_entries(entries))
    }

    /// The nodes of our own packs; those with plain names answer to both spellings, as in
    /// [`Catalogue::find`].
    pub fn of(catalogue: &Catalogue) -> Self {
        let Value::Object(entries) = object_info(catalogue) else { return Self::default() };
        let mut info = Self::from_entries(entries);
        for at in 0..info.nodes.len() {
            let spelling = format!("Amdm{}", info.nodes[at].class);
            if catalogue.find(&spelling).is_some() {
                info.index.entry(spelling).or_insert(at);
            }
        }
        info
    }

    fn from_entries(entries: Map<String, Value>) -> Self {
        let mut info = Self::default();
        for (class, entry) in entries {
            let Value::Object(entry) = entry else { continue };
            info.index.insert(class.clone(), info.nodes.len());
            info.nodes.push(Arc::new(NodeInfo::read(class, entry)));
        }
        info
    }

    /// The node of class `name`.
    pub fn find(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        self.nodes.get(*self.index.get(name)?)
    }

    /// The class whose name is nearest to `name`, if one is near enough to be a slip.
    pub fn closest(&self, name: &str) -> Option<&str> {
        closest::closest(name, self.nodes.iter().map(|node| node.class.as_str()))
    }

    /// All nodes, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<NodeInfo>> {
        self.nodes.iter()
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
