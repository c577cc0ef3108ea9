//! What a run reports while it goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use amdm::graph::GraphError;
use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::Failure;
use crate::run::{CacheState, Outcome};

/// Receives events, from the thread that executes the run.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// One line of `--progress json`. Order: `started`; then for each node that runs `node_started`, any
/// number of `resumed`, `progress`, `ui`, `saved`, and `node_finished`, and for each node whose kept result is
/// used `cached` and any number of `ui`, in the order of the graph; at the end `finished` or `failed`.
/// The command adds `invalid` in place of all of it, `left_out` before it, and `sweep_run` before each
/// run of a sweep; where no run can begin, `failed` stands alone. The picture of `--sheet` is a `saved`
/// of the node `sheet` after the last run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The run begins.
    Started {
        /// Nodes that will run or whose kept result is used, in order.
        nodes: Vec<String>,
        /// Where it runs.
        device: String,
    },
    /// A node begins.
    NodeStarted {
        /// Its id.
        node: String,
        /// Its class.
        class: String,
        /// Its title, or its class's.
        title: String,
    },
    /// A node does not run: its result was kept.
    Cached {
        /// Its id.
        node: String,
        /// Its class.
        class: String,
        /// Where the result was.
        from: CacheState,
    },
    /// A node goes on from where a run that was broken off had come to.
    Resumed {
        /// Its id.
        node: String,
    },
    /// Work inside a node.
    Progress {
        /// The node's id.
        node: String,
        /// Steps done.
        step: u32,
        /// Steps in all.
        total: u32,
    },
    /// Something for an editor to show on the node.
    Ui {
        /// The node's id.
        node: String,
        /// As the node gave it.
        ui: serde_json::Value,
    },
    /// Files were written.
    Saved {
        /// The node's id.
        node: String,
        /// Names relative to the output directory.
        files: Vec<String>,
    },
    /// A node is done.
    NodeFinished {
        /// Its id.
        node: String,
        /// Time it took.
        seconds: f64,
    },
    /// The run is done.
    Finished {
        /// What it gave.
        #[serde(flatten)]
        outcome: Outcome,
    },
    /// The run ended early.
    Failed {
        /// Why.
        error: Failure,
    },
    /// The graph is not valid, so nothing runs.
    Invalid {
        /// All that is wrong with it.
        #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
        errors: Vec<GraphError>,
    },
    /// Some outputs do not run, as what they depend on is not valid.
    LeftOut {
        /// What is wrong there.
        #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
        errors: Vec<GraphError>,
    },
    /// A run of a sweep follows.
    SweepRun {
        /// Which it is, from 1.
        index: usize,
        /// How many there are.
        of: usize,
        /// Directory of its files, below the output directory.
        directory: String,
        /// What is set, by name.
        settings: BTreeMap<String, String>,
    },
}
