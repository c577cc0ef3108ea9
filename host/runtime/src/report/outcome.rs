//! What a run gives.

use std::collections::BTreeMap;

use amdm::graph::{Checked, Resolved};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cache::CacheState;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Saved {
    /// The node that wrote it.
    pub node: String,
    /// Name relative to the output directory.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// How long a node took, and whether it had to run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeTime {
    /// Its id.
    pub node: String,
    /// Its class.
    pub class: String,
    /// Wall time; of a kept result, that of finding it.
    pub seconds: f64,
    /// Where its result came from.
    pub cached: CacheState,
    /// Whether it went on from where a run that was broken off had come to.
    pub resumed: bool,
}

/// A seed that the graph gives to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seed {
    /// The node's id.
    pub node: String,
    /// The input.
    pub input: String,
    /// The seed.
    pub value: i64,
}

impl Seed {
    /// All seeds that nodes of `graph` use as they stand there; those behind links are the linked
    /// node's.
    pub(crate) fn of(graph: &Checked) -> Vec<Self> {
        let mut seeds = Vec::new();
        for node in graph.order.iter().map(|&index| &graph.nodes[index]) {
            let inputs = node.descriptor.inputs.iter().filter(|input| input.control_after_generate);
            for input in inputs {
                if let Some(&Resolved::Integer(value)) = node.input(&input.name) {
                    let input = input.name.clone();
                    seeds.push(Self { node: node.id.clone(), input, value });
                }
            }
        }
        seeds
    }
}

/// What a run was made with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Versions {
    /// This program.
    pub amdm: String,
    /// All packs that were loaded, by name.
    pub packs: BTreeMap<String, String>,
}

/// The result of a run that went well, or what a failed one had when it ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// Files written, in order.
    pub files: Vec<Saved>,
    /// Network passes: one is a guided prediction of one lane at one step.
    pub passes: u64,
    /// Time spent in networks.
    pub network_seconds: f64,
    /// Wall time of the whole run.
    pub seconds: f64,
    /// Where it ran.
    pub device: String,
    /// The nodes that ran or whose kept result was used, in order. A node that is behind kept
    /// results only is not among them: nothing asked for it.
    pub nodes: Vec<NodeTime>,
    /// Inputs that are seeds.
    pub seeds: Vec<Seed>,
    /// What people should know: of the graph, from nodes, about the cache.
    pub warnings: Vec<String>,
    /// What it was made with.
    pub versions: Versions,
}

impl Outcome {
    /// How many nodes' results were kept ones.
    pub fn cached(&self) -> usize {
        self.nodes.iter().filter(|node| node.cached != CacheState::Ran).count()
    }
}
