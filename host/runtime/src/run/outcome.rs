//! What a run gives.

use serde::Serialize;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// The node that wrote it.
    pub node: String,
    /// Name relative to the output directory.
    pub name: String,
}

/// How long a node took.
#[derive(Clone, Debug, Serialize)]
pub struct NodeTime {
    /// Its id.
    pub node: String,
    /// Its class.
    pub class: String,
    /// Wall time.
    pub seconds: f64,
}

/// The result of a run that went well.
#[derive(Clone, Debug, Serialize)]
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
    /// Time of each node, in order.
    pub nodes: Vec<NodeTime>,
}
