//! The result of a run as one document, for programs: `amdm run --result FILE`.

use std::path::Path;

use amdm::graph::{Checked, GraphError};
use amdm_diffusion::Device;
use schemars::JsonSchema;
use serde::Serialize;

use super::{NodeTime, Outcome, Seed, Versions};
use crate::failure::Failure;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All outputs were written.
    Finished,
    /// It ended early; `error` says why.
    Failed,
    /// The graph is not valid, so nothing ran; `errors` says why.
    Invalid,
}

/// A file that the run wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutputFile {
    /// The node that wrote it.
    pub node: String,
    /// Path, below the output directory as it was given.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// All about one run: `result.json`. Of a run that failed it holds what there was when it ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunResult {
    /// Version of this document; fields may be added under the same one.
    pub format: u32,
    /// How it ended.
    pub status: Status,
    /// Why it ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// What is wrong with the graph: `code`, `node`, `class`, `title`, `input`, `found`, `expected`
    /// and `message` of each error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    pub errors: Vec<GraphError>,
    /// Files written, in order.
    pub outputs: Vec<OutputFile>,
    /// The nodes that ran or whose kept result was used, in order.
    pub nodes: Vec<NodeTime>,
    /// Network passes: one is a guided prediction of one lane at one step.
    pub passes: u64,
    /// Time spent in networks.
    pub network_seconds: f64,
    /// Wall time of the whole run.
    pub seconds: f64,
    /// Where it ran; empty where it did not begin.
    pub device: String,
    /// Inputs that are seeds.
    pub seeds: Vec<Seed>,
    /// What people should know: of the graph, from nodes, about the cache.
    pub warnings: Vec<String>,
    /// What it was made with.
    pub versions: Versions,
}

impl RunResult {
    /// Version of the document.
    pub const FORMAT: u32 = 1;

    /// The document about a run that wrote to `output_dir`.
    pub fn new(output_dir: &Path, outcome: Outcome, error: Option<Failure>) -> Self {
        let outputs = outcome.files.into_iter().map(|file| OutputFile {
            path: output_dir.join(&file.name).to_string_lossy().into_owned(),
            node: file.node,
            sha256: file.sha256,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
        });
        Self {
            format: Self::FORMAT,
            status: if error.is_some() { Status::Failed } else { Status::Finished },
            error,
            errors: Vec::new(),
            outputs: outputs.collect(),
            nodes: outcome.nodes,
            passes: outcome.passes,
            network_seconds: outcome.network_seconds,
            seconds: outcome.seconds,
            device: outcome.device,
            seeds: outcome.seeds,
            warnings: outcome.warnings,
            versions: outcome.versions,
        }
    }

    /// The document about a run that did not begin.
    pub fn failed(error: Failure) -> Self {
        Self::new(Path::new(""), Outcome::nothing(), Some(error))
    }

    /// The document about a graph that is not valid.
    pub fn invalid(errors: Vec<GraphError>) -> Self {
        let nothing = Self::new(Path::new(""), Outcome::nothing(), None);
        Self { status: Status::Invalid, errors, ..nothing }
    }
}

impl Outcome {
    /// That of a run that has not begun.
    pub(crate) fn nothing() -> Self {
        Self {
            files: Vec::new(),
            passes: 0,
            network_seconds: 0.0,
            seconds: 0.0,
            device: String::new(),
            nodes: Vec::new(),
            seeds: Vec::new(),
            warnings: Vec::new(),
            versions: Versions::program(),
        }
    }

    /// That of a run of `graph` on `device` that has not begun: what the graph and the versions of
    /// its packs alone say.
    pub(crate) fn before(
        graph: &Checked,
        packs: impl IntoIterator<Item = (String, String)>,
        device: &Device,
    ) -> Self {
        let mut versions = Versions::program();
        versions.packs.extend(packs);
        Self {
            device: device.name().to_owned(),
            seeds: Seed::of(graph),
            warnings: graph.warnings.iter().map(ToString::to_string).collect(),
            versions,
            ..Self::nothing()
        }
    }
}

impl Versions {
    /// The program's own, without packs.
    pub(crate) fn program() -> Self {
        Self { amdm: env!("CARGO_PKG_VERSION").into(), ..Self::default() }
    }
}
