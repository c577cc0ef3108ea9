//! Values of the caller's in place of links: the node that reads one from memory, its name, and its
//! end.

use std::collections::{BTreeMap, HashSet};

use amdm::catalogue::Input;
use amdm::graph::set::Target;
use amdm::graph::{Given as Written, Node};
use amdm::limits;
use amdm_runtime::Given;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Graph, State};
use crate::hash::hex;
use crate::memory;
use crate::status::Fail;

/// How names of values in memory begin, and ids of the nodes that read them.
pub(super) const MEMORY: &str = "memory:";

/// A value, and how the graph has it.
pub(crate) struct Filling {
    pub given: Given,
    /// A name that says all about it; without one it is called after where it is read.
    pub name: Option<String>,
    /// The class of nodes that read it; none where the input itself takes its name.
    pub class: Option<String>,
}

impl Graph {
    /// Has an input read what `make` gives for it; on failure the graph is what it was.
    pub fn fill(
        &self,
        place: (&str, &str),
        make: impl FnOnce(&Input) -> Result<Filling, Fail>,
    ) -> Result<(), Fail> {
        let mut state = self.lock();
        let catalogue = self.host.runtime().catalogue_for(self.host.inputs());
        let target = state.target(&catalogue, place)?;
        let Some(declared) = target.input() else {
            return Err(Fail::argument("found a parameter without inputs"));
        };
        let Filling { given, name, class } = make(declared)?;
        let name = match class {
            None => {
                let name = name.unwrap_or_default();
                target.set_value(&mut state.document, &Value::from(name.as_str()));
                name
            }
            Some(class) => {
                let id = state.memory_node(&target);
                let name = name.unwrap_or_else(|| id.clone());
                let node = json!({"class_type": class, "inputs": {"name": name}});
                state.document.put_node(&id, node)?;
                target.set_value(&mut state.document, &json!([id, 0]));
                name
            }
        };
        let replaced = state.memory.insert(name, given);
        let unread = state.forget_unread();
        // What ends now may call the embedder, who may be waiting for the graph elsewhere.
        drop(state);
        drop((replaced, unread));
        Ok(())
    }
}

impl State {
    /// The id of the node that reads memory for a target: one for each, so that setting it again
    /// and again leaves one node.
    fn memory_node(&self, target: &Target) -> String {
        let places = target.places(&self.document).collect::<Vec<_>>();
        let (node, input) = places.first().copied().unwrap_or_default();
        let mut id = format!("{MEMORY}{node}.{input}");
        if id.len() > limits::GRAPH_NAME_BYTES / 2 {
            id = format!("{MEMORY}{}", hex(&Sha256::digest(id).into()));
        }
        // Another node, or one that others read as well.
        let strange = |id: &str| {
            let found = self.document.find(id).and_then(|at| self.document.nodes().get(at));
            let others = |node: &Node| {
                let mut inputs = node.inputs();
                inputs.any(|(input, given)| {
                    matches!(given, Written::Link(link) if link.node == id)
                        && !places.contains(&(node.id(), input))
                })
            };
            found.is_some_and(|node| !is_memory(node) || self.document.nodes().iter().any(others))
        };
        while strange(&id) {
            id.push('\'');
        }
        id
    }

    /// Forgets values in memory that no input names any more, and nodes that read memory for none;
    /// gives those values.
    #[must_use]
    pub(super) fn forget_unread(&mut self) -> BTreeMap<String, Given> {
        if self.memory.is_empty() {
            return BTreeMap::new();
        }
        let linked = self.document.nodes().iter().flat_map(Node::inputs);
        let linked = linked.filter_map(|(_, given)| match given {
            Written::Link(link) => Some(link.node.to_owned()),
            _ => None,
        });
        let linked = linked.collect::<HashSet<_>>();
        self.document.retain_nodes(|node| !is_memory(node) || linked.contains(node.id()));
        let named = self.document.nodes().iter().flat_map(Node::inputs);
        let named = named.filter_map(|(_, given)| match given {
            Written::Constant(value) => value.as_str(),
            _ => None,
        });
        let named = named.filter(|name| name.starts_with(MEMORY)).collect::<HashSet<_>>();
        let all = std::mem::take(&mut self.memory).into_iter();
        let (kept, unread) = all.partition(|(name, _)| named.contains(name.as_str()));
        self.memory = kept;
        unread
    }
}

/// Whether a node reads a value in memory.
fn is_memory(node: &Node) -> bool {
    node.class().is_some_and(memory::is_class)
}
