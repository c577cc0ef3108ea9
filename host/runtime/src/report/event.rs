//! What a run reports while it goes on.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::Outcome;
use crate::cache::CacheState;
use crate::failure::Failure;

/// Receives events, from the thread that executes the run.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// One line of `--progress json`. Order: `started`; then for each node that runs `node_started`, any
/// number of `resumed`, `progress`, `ui`, `saved`, and `node_finished`, and for each node whose kept result is
/// used `cached` and any number of `ui`, in the order of the graph; at the end `finished` or `failed`.
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
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For who searches for an error.
    Trace,
    /// For who develops the node.
    Debug,
    /// Of interest.
    Info,
    /// People should know; goes into the run's result.
    Warn,
    /// Something failed.
    Error,
}
