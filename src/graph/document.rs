//! A graph as it was read from a file or a request.
//!
//! Accepts a bare API graph (node id to node), a request body with the graph under `prompt`, and a
//! picture with such a graph inside. Refuses workflows as editors save them, which [`super::read`]
//! converts, and other JSON. What single nodes lack is left to [`super::validate()`], so that it is
//! reported with the rest.

use super::code::ErrorCode;
use super::error::{GraphError, quoted, shown};
use super::metadata::{self, Embedded};
use super::{Node, json};
use crate::limits;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Bounds on what is read, by default those of [`limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Nodes in the graph.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: limits::GRAPH_BYTES, nodes: limits::GRAPH_NODES }
    }
}

impl Limits {
    /// Refuses a file that is too long.
    pub(super) fn check_bytes(&self, bytes: &[u8]) -> Result<(), GraphError> {
        if bytes.len() <= self.bytes {
            return Ok(());
        }
        Err(exceeded(bytes.len(), "bytes", self.bytes))
    }
}

/// Nodes in the order of the file, and what came around them.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    nodes: Vec<Node>,
    index: HashMap<String, usize>,
    request: Map<String, Value>,
    /// Inputs that were set since the workflow was read, and to what: it does not have them.
    settings: BTreeMap<(String, String), Value>,
}

impl Document {
    /// Reads a graph within the default limits.
    ///
    /// # Errors
    /// `invalid_json`, `duplicate_key`, `limit_exceeded`, `unsupported_format`, `no_prompt`,
    /// `invalid_prompt`, `invalid_png`, `invalid_webp`: the file as a whole cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, GraphError> {
        Self::parse_within(bytes, &Limits::default())
    }

    /// Reads a graph within `limits`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_within(bytes: &[u8], limits: &Limits) -> Result<Self, GraphError> {
        limits.check_bytes(bytes)?;
        if let Some(embedded) = Embedded::read(bytes)? {
            let text = embedded.prompt.ok_or_else(|| {
                let expected = "a text named prompt, as files written by SaveImage have";
                GraphError::new(ErrorCode::NoPrompt, "a picture without a graph", expected)
            })?;
            return Self::from_value(metadata::parse(&text)?, limits);
        }
        Self::from_value(json::parse(bytes)?, limits)
    }

    /// Takes a graph that is a JSON value already.
    ///
    /// # Errors
    /// As [`Self::parse`], but for those about text.
    pub fn from_value(value: Value, limits: &Limits) -> Result<Self, GraphError> {
        let Value::Object(mut object) = value else {
            let expected = "an object of node ids and nodes";
            return Err(GraphError::new(ErrorCode::InvalidPrompt, kind(&value), expected));
        };
        refuse_workflow(&object)?;
        let wrapped = object.get("prompt").is_some_and(|p| p.get("class_type").is_none());
        if !wrapped {
            if !object.values().any(Value::is_object) {
                let found = if object.is_empty() { "an empty object" } else { "no node" };
                let expected = "an object of node ids and nodes";
                return Err(GraphError::new(ErrorCode::NoPrompt, found, expected));
            }
            return Self::from_nodes(object, Map::new(), limits);
        }
        match object.shift_remove("prompt") {
            Some(Value::Object(prompt)) => {
                refuse_workflow(&prompt)?;
                Self::from_nodes(prompt, object, limits)
            }
            Some(Value::Null) | None => {
                let expected = "a graph under prompt";
                Err(GraphError::new(ErrorCode::NoPrompt, "null under prompt", expected))
            }
            Some(other) => {
                let found = format!("{} under prompt", kind(&other));
                let expected = "an object of node ids and nodes";
                Err(GraphError::new(ErrorCode::InvalidPrompt, found, expected))
            }
        }
    }

    pub(super) fn from_nodes(
        nodes: Map<String, Value>,
        request: Map<String, Value>,
        limits: &Limits,
    ) -> Result<Self, GraphError> {
        if nodes.len() > limits.nodes {
            return Err(exceeded(nodes.len(), "nodes", limits.nodes));
        }
        let nodes: Vec<Node> = nodes.into_iter().map(|(id, raw)| Node::new(id, raw)).collect();
        nodes.iter().try_for_each(check_names)?;
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id().to_owned(), at)).collect();
        Ok(Self { nodes, index, request, settings: BTreeMap::new() })
    }

    /// The nodes, in the order of the file.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Index of the node with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// What a request body holds beside the graph, such as `client_id` and `extra_data`.
    pub fn request(&self) -> &Map<String, Value> {
        &self.request
    }

    /// The workflow that an editor sent along, or that the graph was made of or stored with, to be
    /// saved in images. None after a setting, until [`Self::renew_workflow`] wrote it there too: an
    /// editor would restore another graph than what ran.
    pub fn workflow(&self) -> Option<&Value> {
        self.stored_workflow().filter(|_| self.settings.is_empty())
    }

    /// The workflow, whether or not it has what was set.
    pub(super) fn stored_workflow(&self) -> Option<&Value> {
        self.request.get("extra_data")?.get("extra_pnginfo")?.get("workflow")
    }

    /// Whether there is a workflow that lacks what was set.
    pub fn is_workflow_stale(&self) -> bool {
        !self.settings.is_empty() && self.stored_workflow().is_some()
    }

    /// What was set since the workflow was read, by node and input; forgets it.
    pub(super) fn take_settings(&mut self) -> BTreeMap<(String, String), Value> {
        std::mem::take(&mut self.settings)
    }

    pub(super) fn drop_workflow(&mut self) {
        let request =
            self.request.get_mut("extra_data").and_then(|data| data.get_mut("extra_pnginfo"));
        if let Some(Value::Object(texts)) = request {
            texts.shift_remove("workflow");
        }
    }

    /// Adds a node, or puts it in place of the one with this id. The workflow, if there is one,
    /// does not have it: [`Self::renew_workflow`] drops it once something is linked to the node.
    ///
    /// # Errors
    /// `limit_exceeded` for one node too many, or for names too long; nothing is changed.
    pub fn put_node(&mut self, id: &str, raw: Value) -> Result<(), GraphError> {
        let node = Node::new(id.to_owned(), raw);
        check_names(&node)?;
        match self.find(id).and_then(|at| self.nodes.get_mut(at)) {
            Some(place) => *place = node,
            None => {
                let most = Limits::default().nodes;
                if self.nodes.len() >= most {
                    return Err(exceeded(self.nodes.len() + 1, "nodes", most));
                }
                self.index.insert(id.to_owned(), self.nodes.len());
                self.nodes.push(node);
            }
        }
        Ok(())
    }

    /// Keeps the nodes that `keep` says. Links to the others dangle.
    pub fn retain_nodes(&mut self, keep: impl Fn(&Node) -> bool) {
        if self.nodes.iter().all(&keep) {
            return;
        }
        let kept = self.nodes.iter().map(keep).collect::<Vec<_>>();
        *self = self.part(&kept);
    }

    /// Sets an input from outside; the workflow does not have that value.
    pub(super) fn set(&mut self, at: usize, input: &str, value: Value) {
        let Some(node) = self.nodes.get_mut(at) else { return };
        if node.put(input, value.clone()) {
            self.settings.insert((node.id().to_owned(), input.to_owned()), value);
        }
    }

    /// Keeps a workflow as an editor sends it along.
    pub(super) fn keep_workflow(&mut self, workflow: Value) {
        let mut object = &mut self.request;
        for key in ["extra_data", "extra_pnginfo"] {
            let inner = object.entry(key).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            let Value::Object(inner) = inner else { return };
            object = inner;
        }
        object.insert("workflow".to_owned(), workflow);
    }

    /// The graph as a bare API graph; keys unknown here are kept.
    pub fn to_value(&self) -> Value {
        let entries = self.nodes.iter().map(|node| (node.id().to_owned(), node.raw.clone()));
        Value::Object(entries.collect())
    }

    /// The same request with only those nodes whose index is kept.
    pub(super) fn part(&self, keep: &[bool]) -> Self {
        let kept = self.nodes.iter().zip(keep).filter(|(_, keep)| **keep);
        let nodes: Vec<Node> = kept.map(|(node, _)| node.clone()).collect();
        let index = nodes.iter().enumerate().map(|(at, node)| (node.id().to_owned(), at)).collect();
        let settings = self.settings.clone();
        Self { nodes, index, request: self.request.clone(), settings }
    }

    pub(super) fn node_mut(&mut self, at: usize) -> Option<&mut Node> {
        self.nodes.get_mut(at)
    }
}

fn refuse_workflow(object: &Map<String, Value>) -> Result<(), GraphError> {
    let Some(Value::Array(nodes)) = object.get("nodes") else { return Ok(()) };
    let version =
        object.get("version").map_or(String::new(), |v| format!(", version {}", shown(v)));
    let found = format!("a workflow as editors save it ({} nodes{version})", nodes.len());
    let expected = "a graph in API format, which editors write as Export (API)";
    Err(GraphError::new(ErrorCode::UnsupportedFormat, found, expected))
}

/// Refuses names that errors could not repeat.
fn check_names(node: &Node) -> Result<(), GraphError> {
    let inputs = node.inputs().map(|(name, _)| name);
    for name in [node.id()].into_iter().chain(node.class()).chain(inputs) {
        if name.len() > limits::GRAPH_NAME_BYTES {
            let found = format!("the name {} of {} bytes", quoted(name), name.len());
            let expected = format!("at most {} bytes", limits::GRAPH_NAME_BYTES);
            return Err(GraphError::new(ErrorCode::LimitExceeded, found, expected));
        }
    }
    Ok(())
}

fn exceeded(found: usize, what: &str, limit: usize) -> GraphError {
    let found = format!("a graph of {found} {what}");
    GraphError::new(ErrorCode::LimitExceeded, found, format!("at most {limit}"))
}

/// What kind of JSON it is, for messages about whole documents.
fn kind(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(items) => format!("a list of {} values", items.len()),
        other => shown(other),
    }
}
