//! A workflow's layers: the graph itself, and the definition of each subgraph, read once each.
//!
//! Links are found by their id, nodes by theirs, both in constant time. An id that stands twice, or
//! is missing, is an error; a link that makes no sense is none.

use super::super::error::word;
use super::super::{ErrorCode, GraphError};
use super::file::{self, ENTRY, EXIT, FileLink};
use super::node::{Node, Role};
use super::report::{Report, exceeded};
use super::socket::{Context, Socket};
use crate::graph::comfy::ObjectInfo;
use crate::limits;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Where a link begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    /// At the inputs of the subgraph.
    Entry,
    /// At the node of that index.
    Node(usize),
    /// At a node that is not there.
    Missing,
}

/// A link of a layer.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub origin: Origin,
    pub slot: usize,
}

/// A graph of nodes with ids of its own.
pub(super) struct Layer<'a> {
    /// What people call it.
    pub name: &'a str,
    pub nodes: Vec<Node<'a>>,
    pub index: HashMap<Cow<'a, str>, usize>,
    pub links: Vec<Link>,
    /// Nodes that links name and that are not there, by link.
    pub missing: HashMap<usize, Cow<'a, str>>,
    /// Names of the subgraph's inputs.
    pub inputs: Vec<&'a str>,
    /// Types of its outputs.
    pub outputs: Vec<&'a str>,
    /// The link that leads to an output.
    pub exits: HashMap<usize, usize>,
}

/// Reads all layers; the first is the graph itself.
pub(super) fn read<'a>(
    workflow: &'a Value,
    info: &'a ObjectInfo,
    report: &mut Report,
) -> Result<Vec<Layer<'a>>, Vec<GraphError>> {
    let definitions = definitions(workflow);
    let mut subgraphs = HashMap::new();
    for (at, definition) in definitions.iter().enumerate() {
        let id = file::text(definition, "id");
        if !id.is_empty() {
            subgraphs.entry(id).or_insert((at + 1, *definition));
        }
    }
    let mut room = limits::JSON_VALUES;
    let all = std::iter::once(workflow).chain(definitions);
    let mut layers = Vec::new();
    for (at, raw) in all.enumerate() {
        let layer = Layer::read(raw, at > 0, info, &subgraphs, &mut room, report);
        layers.push(layer.ok_or_else(|| exceeded("widgets and sockets", limits::JSON_VALUES))?);
    }
    Ok(layers)
}

/// The definitions of subgraphs, also those inside others.
fn definitions(workflow: &Value) -> Vec<&Value> {
    let mut found: Vec<&Value> = within(workflow).iter().collect();
    let mut at = 0;
    while let Some(definition) = found.get(at) {
        found.extend(within(definition));
        at += 1;
    }
    found
}

fn within(raw: &Value) -> &[Value] {
    raw.get("definitions").map_or(&[], |all| file::list(all, "subgraphs"))
}

impl<'a> Layer<'a> {
    /// `None` where there is no `room` left for the nodes' sockets and widgets.
    fn read(
        raw: &'a Value,
        inner: bool,
        info: &'a ObjectInfo,
        subgraphs: &HashMap<&'a str, (usize, &'a Value)>,
        room: &mut usize,
        report: &mut Report,
    ) -> Option<Self> {
        let rows: Vec<FileLink<'a>> =
            file::list(raw, "links").iter().filter_map(FileLink::read).collect();
        let links = rows.iter().enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
        let context = Context { info, subgraphs, links: &links };
        let (mut nodes, mut index) = (Vec::new(), HashMap::new());
        for raw in file::list(raw, "nodes") {
            let Some(node) = Node::read(raw, &context) else {
                report.error(malformed(raw));
                continue;
            };
            *room = room.checked_sub(node.widgets.len() + node.sockets.len())?;
            if index.insert(node.id.clone(), nodes.len()).is_some() {
                let found = "a second node of that id";
                let error = GraphError::new(ErrorCode::InvalidPrompt, found, "each id once");
                report.error(error.at_node(&node.id, node.class, node.title));
            }
            nodes.push(node);
        }
        let origin = |row: &FileLink<'_>| match index.get(&row.origin) {
            Some(at) => Origin::Node(*at),
            None if inner && row.origin == ENTRY => Origin::Entry,
            None => Origin::Missing,
        };
        let mut exits = HashMap::new();
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| inner && row.target == EXIT) {
            exits.entry(row.target_slot).or_insert(at);
        }
        let links: Vec<Link> =
            rows.iter().map(|row| Link { origin: origin(row), slot: row.origin_slot }).collect();
        let missing = links.iter().zip(&rows).enumerate();
        let missing = missing
            .filter(|(_, (link, _))| link.origin == Origin::Missing)
            .map(|(at, (_, row))| (at, row.origin.clone()))
            .collect();
        Some(Self {
            name: file::text(raw, "name"),
            links,
            missing,
            inputs: file::list(raw, "inputs").iter().map(|port| file::text(port, "name")).collect(),
            outputs: file::list(raw, "outputs").iter().map(file::type_name).collect(),
            nodes,
            index,
            exits,
        })
    }
}

impl<'a> Layer<'a> {
    /// Where the link of a socket leads where that is nowhere, and what would be right.
    pub fn lost(&self, socket: &Socket<'a>, layers: &[Self]) -> Option<(String, &'static str)> {
        if socket.dangling {
            return Some(("a link that is not in the file".to_owned(), "a link of the file"));
        }
        self.lost_link(socket.link?, layers)
    }

    /// The same of a link.
    fn lost_link(&self, at: usize, layers: &[Self]) -> Option<(String, &'static str)> {
        let link = self.links.get(at)?;
        let node = match link.origin {
            Origin::Missing => {
                let id = self.missing.get(&at).map_or("", |id| id);
                return Some((format!("a link from node {}", word(id)), "a node of the file"));
            }
            Origin::Entry if link.slot >= self.inputs.len() => {
                let found = format!("a link from input {} of the subgraph", link.slot);
                return Some((found, "an input that the subgraph has"));
            }
            Origin::Entry => return None,
            Origin::Node(node) => self.nodes.get(node)?,
        };
        let outputs = node.outputs(layers).filter(|count| link.slot >= *count)?;
        let found = format!("a link from output {} of node {}", link.slot, word(&node.id));
        Some((format!("{found}, which has {outputs}"), "an output that the node has"))
    }

    /// The subgraph's outputs that links to nowhere should fill, each with what is wrong.
    pub fn lost_exits(&self, layers: &[Self]) -> Vec<(usize, String, &'static str)> {
        let exits = self.exits.iter().filter_map(|(slot, link)| {
            let (found, expected) = self.lost_link(*link, layers)?;
            Some((*slot, found, expected))
        });
        let mut lost: Vec<_> = exits.collect();
        lost.sort_unstable();
        lost
    }
}

impl<'a> Node<'a> {
    /// How many outputs it has, where that is known.
    pub fn outputs(&self, layers: &[Layer<'a>]) -> Option<usize> {
        match self.role {
            Role::Ordinary(info) => Some(info.outputs.len()),
            Role::Instance(layer) => Some(layers.get(layer)?.outputs.len()),
            Role::Reroute | Role::Primitive => Some(1),
            Role::Note => Some(0),
            Role::Unknown => None,
        }
    }

    /// The type of output `slot`: as described, or as the file has it.
    pub fn output_type(&self, slot: usize, layers: &[Layer<'a>]) -> &'a str {
        let described = match self.role {
            Role::Ordinary(info) => info.outputs.get(slot).map(|output| output.type_name.as_str()),
            Role::Instance(layer) => {
                let outputs = layers.get(layer).map(|layer| layer.outputs.as_slice());
                outputs.and_then(|outputs| outputs.get(slot)).copied()
            }
            _ => None,
        };
        // Outputs that match their inputs have a type only in the file.
        let described = described.filter(|name| !name.starts_with("COMFY_MATCHTYPE"));
        described.unwrap_or_else(|| {
            let listed = file::list(self.raw, "outputs");
            listed.get(slot).map_or("*", file::type_name)
        })
    }
}

fn malformed(raw: &Value) -> GraphError {
    let found = match (raw.get("id").and_then(file::id), raw.get("type").and_then(Value::as_str)) {
        (Some(id), _) => format!("node {} without a type", word(&id)),
        (None, Some(class)) => format!("a node of type {} without an id", word(class)),
        (None, None) => "a node without id and type".to_owned(),
    };
    GraphError::new(ErrorCode::InvalidPrompt, found, "an id and a type for each node")
}
