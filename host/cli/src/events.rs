//! What `--progress json` prints: the events of runs, and what the command adds.

use std::collections::BTreeMap;

use amdm::graph::GraphError;
use amdm_runtime::Event;
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::Value;

/// What the command adds to the events of its runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CommandEvent {
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

/// What follows the description of a run's own events.
const ADDED: &str = "\nThe command adds `invalid` in place of all of it, `left_out` before it, and \
    `sweep_run` before each\nrun of a sweep; where no run can begin, `failed` stands alone. The \
    picture of `--sheet` is a `saved`\nof the node `sheet` after the last run.";

/// JSON Schema of one line.
pub fn schema() -> Value {
    let mut schema = schema_for!(Event).to_value();
    let added = schema_for!(CommandEvent).to_value();
    if let (Some(all), Some(added)) = (schema["oneOf"].as_array_mut(), added["oneOf"].as_array()) {
        all.extend(added.iter().cloned());
    }
    if let (Some(all), Some(added)) = (schema["$defs"].as_object_mut(), added["$defs"].as_object())
    {
        all.extend(added.clone());
    }
    if let Some(text) = schema["description"].as_str() {
        schema["description"] = format!("{text}{ADDED}").into();
    }
    schema
}
