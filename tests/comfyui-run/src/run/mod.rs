//! Runs recorded graphs with the command `amdm` and judges what came out.

mod amdm;
mod files;
mod reduced;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

pub use amdm::{Amdm, find};
pub use files::{ModelFiles, named};
use reduced::{EXEMPT, Reduced};

use crate::compare::{Comparison, compare};
use crate::recording::{Graph, Outcome};

/// What came of a graph.
#[derive(Debug)]
pub struct Judged {
    /// Whether it did all that it must.
    pub passed: bool,
    /// How long `amdm` took.
    pub took: Duration,
    /// What the comparison found, of a graph that must not fail.
    pub comparison: Comparison,
    /// How `amdm` ended, where that is worth a line.
    pub ended: Option<String>,
}

/// Runs a graph; `folder` takes what it writes: `out`, `dump`, `amdm.log`.
pub fn run(graph: &Graph, amdm: &Amdm, models: &Path, folder: &Path) -> Result<Judged> {
    let [out, dump] = ["out", "dump"].map(|name| folder.join(name));
    for folder in [&out, &dump] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let reduced = Reduced::of(&graph.nodes);
    let mut path = graph.folder.join("graph.json");
    if !reduced.left_out.is_empty() {
        path = folder.join("graph.json");
        let text = serde_json::to_vec_pretty(&reduced.nodes)?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    let ended = amdm.run(&path, models, &graph.inputs, &out, &dump)?;
    let log = folder.join("amdm.log");
    fs::write(&log, &ended.messages).with_context(|| log.display().to_string())?;
    match &graph.outcome {
        Outcome::Failure(message) => Ok(Judged {
            passed: ended.failed(),
            took: ended.took,
            comparison: Comparison::default(),
            ended: Some(format!("{}, must fail as ComfyUI does ({message})", ended.summary())),
        }),
        Outcome::Outputs(recorded) => {
            let seed = named(&graph.nodes).iter().next().map_or(1, |(seed, _)| *seed);
            let mut comparison = compare(graph, recorded, &dump, seed, &reduced.left_out)?;
            if let Some(names) = comparison.left_out.remove("not run") {
                comparison.left_out.insert(EXEMPT.1, names);
            }
            let passed = ended.succeeded() && comparison.faults.is_empty() && comparison.count > 0;
            let summary = (!ended.succeeded()).then(|| ended.summary());
            Ok(Judged { passed, took: ended.took, comparison, ended: summary })
        }
    }
}

impl fmt::Display for Judged {
    /// One line of figures.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed { "pass" } else { "FAIL" };
        write!(formatter, "{verdict}  {:7.1} s  ", self.took.as_secs_f64())?;
        let Comparison { count, worst, bytes, .. } = &self.comparison;
        write!(formatter, "{count:3} compared")?;
        if let Some((share, name)) = worst {
            write!(formatter, ", worst {share:.4} of its tolerance at {name}")?;
        }
        if *bytes > 0 {
            write!(formatter, ", {bytes} bytes of pictures beside a step")?;
        }
        Ok(())
    }
}

/// The names of nodes that are not run.
type Nodes = BTreeSet<String>;
