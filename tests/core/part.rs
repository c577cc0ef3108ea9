//! The part of a recorded graph that needs no network.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use amdm::catalogue::Catalogue;
use amdm::graph::Document;
use amdm_runtime::{Cancel, Host, Inputs, RunOptions};
use serde_json::{Map, Value, json};

use crate::nodes::{GIVEN, WIRES, keeper};
use crate::recording::Recorded;

/// Types of inputs and outputs that such nodes have.
const TYPES: [&str; 8] = ["IMAGE", "MASK", "LATENT", "INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"];

pub struct Part {
    graph: Map<String, Value>,
    /// What it computes and the recording holds: `node.slot`.
    pub computed: Vec<String>,
}

/// None where nothing that was recorded can be computed.
pub fn of(catalogue: &Catalogue, recorded: &Recorded) -> Option<Part> {
    let mut finder = Finder { catalogue, recorded, known: BTreeMap::new(), graph: Map::new() };
    let mut computed = Vec::new();
    for (id, node) in &recorded.nodes {
        let class = node["class_type"].as_str().unwrap();
        let Some(descriptor) = catalogue.find(class).cloned() else { continue };
        for (slot, output) in descriptor.outputs.iter().enumerate() {
            let (key, wire) = (format!("{id}.{slot}"), output.r#type.as_str());
            let prefix = format!("{key}/");
            let there = recorded.tensors.keys().any(|name| name.starts_with(&prefix));
            if !there || !WIRES.contains(&wire) || !finder.is_ours(id) {
                continue;
            }
            let inputs = json!({"key": key, "value": [id, slot]});
            let keep = json!({"class_type": keeper(wire), "inputs": inputs});
            finder.graph.insert(format!("keep {key}"), keep);
            computed.push(key);
        }
    }
    (!computed.is_empty()).then_some(Part { graph: finder.graph, computed })
}

pub fn run(host: &Host, part: &Part, input: &Path) {
    let graph = Value::Object(part.graph.clone()).to_string();
    let document = Document::parse(graph.as_bytes()).unwrap();
    let inputs = Inputs::new(Some(input.into()));
    let checked = host.check(&document, inputs.clone()).unwrap();
    let out = tempfile::tempdir().unwrap();
    let options = RunOptions { output_dir: out.path().into(), inputs, ..RunOptions::default() };
    host.run(&document, &checked, &options, &Cancel::new(), Arc::new(|_| {})).unwrap();
}

struct Finder<'a> {
    catalogue: &'a Catalogue,
    recorded: &'a Recorded,
    /// Nodes that were looked at, and whether they are computed here.
    known: BTreeMap<String, bool>,
    /// Those that are, and givers of latents.
    graph: Map<String, Value>,
}

impl Finder<'_> {
    /// Whether a node needs no network, nor what it takes; the graph then has it.
    fn is_ours(&mut self, id: &str) -> bool {
        if let Some(known) = self.known.get(id) {
            return *known;
        }
        let mut node = self.recorded.nodes[id].clone();
        let ours = self.has_types(&node) && self.has_sources(&mut node);
        self.known.insert(id.to_owned(), ours);
        if ours {
            self.graph.insert(id.to_owned(), node);
        }
        ours
    }

    fn has_types(&self, node: &Value) -> bool {
        let Some(descriptor) = self.catalogue.find(node["class_type"].as_str().unwrap()) else {
            return false;
        };
        let inputs = descriptor.inputs.iter().map(|input| &input.r#type);
        let outputs = descriptor.outputs.iter().map(|output| &output.r#type);
        inputs.chain(outputs).all(|kind| TYPES.contains(&kind.as_str()))
    }

    /// Whether all that it takes is there; latents of networks come from the recording.
    fn has_sources(&mut self, node: &mut Value) -> bool {
        node["inputs"].as_object_mut().unwrap().values_mut().all(|input| {
            let Some([Value::String(source), slot]) = input.as_array().map(Vec::as_slice) else {
                return true;
            };
            if self.is_ours(source) {
                return true;
            }
            let key = format!("{source}.{slot}");
            if !self.recorded.tensors.contains_key(&format!("{key}/samples")) {
                return false;
            }
            let giver = format!("give {key}");
            let node = json!({"class_type": GIVEN, "inputs": {"key": key}});
            self.graph.insert(giver.clone(), node);
            *input = json!([giver, 0]);
            true
        })
    }
}
