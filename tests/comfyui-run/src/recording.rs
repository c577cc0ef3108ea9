//! Recorded graphs: a set is a folder with `index.json` (what was recorded, with tolerances), a
//! folder of its name for each graph, and `input`, the pictures that the graphs read. What the
//! index lists and the folder lacks is named, not an error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One recorded graph.
#[derive(Debug)]
pub struct Graph {
    /// The set's folder and its own: `core_graphs/txt2img`.
    pub name: String,
    /// Holds `graph.json` and what was recorded.
    pub folder: PathBuf,
    /// What its LoadImage reads from.
    pub inputs: PathBuf,
    /// Its nodes by id, in API format.
    pub nodes: Map<String, Value>,
    /// What running it gives.
    pub outcome: Outcome,
}

/// What running a graph gives.
#[derive(Debug)]
pub enum Outcome {
    /// What the index says of its outputs.
    Outputs(Recorded),
    /// An error; ComfyUI's message.
    Failure(String),
}

/// What the index says of one graph.
#[derive(Debug, Default, Deserialize)]
pub struct Recorded {
    /// By `<node>.<slot>`.
    #[serde(default)]
    records: BTreeMap<String, Value>,
    /// By the tensors' keys in `expected.safetensors`.
    pub tensors: BTreeMap<String, Tensor>,
}

/// What the index says of one tensor.
#[derive(Debug, Deserialize)]
pub struct Tensor {
    /// Largest difference of a number.
    pub tol: f64,
}

/// What the index says of one output.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// IMAGE, MASK, LATENT, CONDITIONING.
    pub kind: String,
    /// Of a picture or mask: the first row and column that `grid` keeps, and how many lie between.
    #[serde(default = "every_third")]
    pub grid: [usize; 2],
    /// Which places of a batch the latents stand for.
    pub batch_index: Option<Value>,
    /// One for each entry of a list of conditions.
    pub entries: Option<Vec<Value>>,
}

fn every_third() -> [usize; 2] {
    [1, 3]
}

impl Recorded {
    /// The outputs by `<node>.<slot>`; other things that are recorded have other forms.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, Record)> {
        self.records
            .iter()
            .filter_map(|(name, record)| Some((name.as_str(), Record::deserialize(record).ok()?)))
    }

    /// One of them.
    pub fn output(&self, name: &str) -> Option<Record> {
        Record::deserialize(self.records.get(name)?).ok()
    }
}

#[derive(Deserialize)]
struct Index {
    graphs: Map<String, Value>,
    #[serde(default)]
    graphs_that_fail: BTreeMap<String, String>,
}

/// The graphs of a folder, and why some are left out.
#[derive(Debug, Default)]
pub struct Recordings {
    /// In the order of the index, those that must fail last.
    pub graphs: Vec<Graph>,
    /// Names, each with what it lacks.
    pub absent: Vec<(String, &'static str)>,
}

impl Recordings {
    /// Adds the set in a folder, or the sets in the folders below it.
    pub fn add(&mut self, folder: &Path) -> Result<()> {
        let mut folders = vec![folder.to_owned()];
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            folders.push(entry?.path());
        }
        folders.sort();
        let mut sets = 0;
        for folder in folders {
            let path = folder.join("index.json");
            if !path.is_file() {
                continue;
            }
            let index: Map<String, Value> = json(&path)?;
            if index.contains_key("graphs") {
                let index = Index::deserialize(Value::Object(index));
                let added = index.map_err(Into::into).and_then(|index| self.set(&folder, index));
                added.with_context(|| path.display().to_string())?;
                sets += 1;
            }
        }
        let found = folder.display();
        ensure!(sets > 0, "{found}: no index.json with graphs, in it or in a folder below it");
        Ok(())
    }

    fn set(&mut self, folder: &Path, index: Index) -> Result<()> {
        let set = folder.canonicalize()?;
        let set = set.file_name().map(|name| name.to_string_lossy().into_owned());
        let set = set.unwrap_or_default();
        for (name, entry) in &index.graphs {
            let recorded = Recorded::deserialize(entry).with_context(|| name.clone())?;
            self.graph(folder, &set, name, Outcome::Outputs(recorded))?;
        }
        for (name, message) in &index.graphs_that_fail {
            let outcome = Outcome::Failure(message.trim().to_owned());
            self.graph(folder, &set, name, outcome)?;
        }
        let mut others = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let listed = index.graphs.contains_key(&name);
            if !listed && !index.graphs_that_fail.contains_key(&name) {
                others.push(name);
            }
        }
        others.retain(|name| folder.join(name).join("graph.json").is_file());
        others.sort();
        let others =
            others.into_iter().map(|name| (format!("{set}/{name}"), "no entry in index.json"));
        self.absent.extend(others);
        Ok(())
    }

    fn graph(&mut self, set: &Path, label: &str, name: &str, outcome: Outcome) -> Result<()> {
        let folder = set.join(name);
        let label = format!("{label}/{name}");
        let path = folder.join("graph.json");
        let is_compared = matches!(outcome, Outcome::Outputs(_));
        if !path.is_file() {
            self.absent.push((label, "no graph.json"));
        } else if is_compared && !folder.join("expected.safetensors").is_file() {
            self.absent.push((label, "no expected.safetensors"));
        } else {
            let inputs = set.join("input");
            self.graphs.push(Graph { name: label, folder, inputs, nodes: json(&path)?, outcome });
        }
        Ok(())
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}
