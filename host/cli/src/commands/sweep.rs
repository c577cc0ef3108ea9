//! `amdm run --sweep`: one graph with many values, each run in a numbered directory of its own.
//!
//! `sweep.json` in the output directory says what each run was and what it wrote. It is replaced as a
//! whole after every run, and holds nothing that differs between two sweeps alike, so that one that
//! was interrupted and resumed ends with the same files as one that was not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amdm::catalogue::{Catalogue, ObjectInfo};
use amdm::graph::set::{self, Run, Sweep};
use amdm::graph::{Checked, Document, GraphError, Targets, validate_targets};
use amdm_runtime::{Cancel, Event, Host, RunOptions};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::source::{self, Loaded};
use crate::args::{ProgressMode, RunArguments};
use crate::exit::{FAILED, INVALID, Stop, USAGE};
use crate::{output, progress, replace};

/// The file that describes a sweep, in its output directory.
const MANIFEST: &str = "sweep.json";
/// Pictures of one contact sheet.
const SHEET: usize = 400;

/// What `sweep.json` says.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Manifest {
    /// SHA-256 of the graph before the sweep changes it.
    graph: String,
    /// What is set, with its values, in the order of the command line.
    sweeps: Vec<Swept>,
    /// All runs; the last sweep's values change fastest.
    runs: Vec<Entry>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Swept {
    set: String,
    values: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Entry {
    /// Directory of the run's files, relative to the output directory.
    directory: String,
    /// What was set.
    settings: BTreeMap<String, String>,
    /// SHA-256 of each file that the run wrote, by name; none before it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<BTreeMap<String, String>>,
}

/// Runs all combinations.
pub fn run(
    arguments: &RunArguments,
    host: &Host,
    loaded: &Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let catalogue = host.catalogue_for(loaded.inputs.clone());
    let sweeps = arguments.sweep.iter().map(|text| {
        Sweep::parse(&loaded.document, &catalogue, text)
            .map_err(|error| Stop::new(USAGE, format!("--sweep {text}: {error}")))
    });
    let sweeps = sweeps.collect::<Result<Vec<_>, _>>()?;
    let runs = set::runs(&sweeps).map_err(|error| Stop::new(USAGE, format!("--sweep: {error}")))?;
    let info = ObjectInfo::of(&catalogue);
    let work = Work { arguments, host, loaded, catalogue, info, sweeps, cancel };
    // Whatever is wrong with the last of them is said before the first runs.
    for run in &runs {
        work.graph(run).map_err(|errors| {
            source::report(&arguments.graph.graph, &errors, &format!("with {}", label(run)));
            Stop::silent(INVALID)
        })?;
    }
    let mut manifest = work.open(&runs)?;
    for (index, run) in runs.iter().enumerate() {
        if is_done(&arguments.out, &manifest.runs[index]) {
            continue;
        }
        let files = work.execute((index, runs.len()), run, &manifest.runs[index].directory)?;
        manifest.runs[index].files = Some(files);
        store(&arguments.out, &manifest)?;
    }
    if arguments.sheet { work.sheet(&manifest, &runs) } else { Ok(()) }
}

struct Work<'a> {
    arguments: &'a RunArguments,
    host: &'a Host,
    loaded: &'a Loaded,
    catalogue: Catalogue,
    info: ObjectInfo,
    sweeps: Vec<Sweep>,
    cancel: &'a Cancel,
}

impl Work<'_> {
    /// The graph of one run.
    fn graph(&self, run: &Run) -> Result<(Document, Checked), Vec<GraphError>> {
        let mut document = self.loaded.document.clone();
        for (sweep, (_, value)) in self.sweeps.iter().zip(run) {
            sweep.set(&mut document, value).map_err(|error| vec![error])?;
        }
        set::fill_file_names(&mut document);
        let targets = Targets::read(&document).map_err(|error| vec![error])?;
        let checked = validate_targets(&document, &self.catalogue, &targets)?;
        Ok((document, checked))
    }

    /// A manifest for these runs: the one in the output directory where the sweep is continued.
    fn open(&self, runs: &[Run]) -> Result<Manifest, Stop> {
        let out = &self.arguments.out;
        let digits = runs.len().to_string().len().max(3);
        let fresh = Manifest {
            graph: hash(self.loaded.document.to_value().to_string().as_bytes()),
            sweeps: self
                .sweeps
                .iter()
                .map(|sweep| Swept { set: sweep.name().into(), values: sweep.values().into() })
                .collect(),
            runs: runs
                .iter()
                .enumerate()
                .map(|(index, run)| Entry {
                    directory: format!("{:0digits$}", index + 1),
                    settings: run.iter().cloned().collect(),
                    files: None,
                })
                .collect(),
        };
        let path = out.join(MANIFEST);
        let fail = |reason: String| Stop::new(USAGE, format!("{}: {reason}", path.display()));
        match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A directory of that name is somebody's: only a sweep's own are ever cleared.
                let taken = fresh.runs.iter().map(|run| out.join(&run.directory));
                if let Some(taken) = taken.into_iter().find(|dir| dir.symlink_metadata().is_ok()) {
                    let reason = "found something that no sweep wrote, expected another --out";
                    return Err(Stop::new(USAGE, format!("{}: {reason}", taken.display())));
                }
                store(out, &fresh)?;
                Ok(fresh)
            }
            Err(error) => Err(fail(error.to_string())),
            Ok(_) if !self.arguments.resume => Err(fail(
                "found a sweep; --resume continues it, another --out keeps it apart".into(),
            )),
            Ok(bytes) => {
                let found: Manifest = serde_json::from_slice(&bytes)
                    .map_err(|error| fail(format!("found no description of a sweep: {error}")))?;
                let same = found.graph == fresh.graph
                    && found.sweeps == fresh.sweeps
                    && found
                        .runs
                        .iter()
                        .map(|run| &run.directory)
                        .eq(fresh.runs.iter().map(|run| &run.directory));
                if same {
                    Ok(found)
                } else {
                    Err(fail("found a sweep of another graph or other values".into()))
                }
            }
        }
    }

    /// Runs one combination; gives the names and hashes of its files.
    fn execute(
        &self,
        (index, count): (usize, usize),
        run: &Run,
        directory: &str,
    ) -> Result<BTreeMap<String, String>, Stop> {
        let out = self.arguments.out.join(directory);
        clear(&out)?;
        let (mut document, checked) = self.graph(run).map_err(|errors| {
            source::report(&self.arguments.graph.graph, &errors, "nothing ran");
            Stop::silent(INVALID)
        })?;
        document.renew_workflow(&self.info);
        if self.arguments.progress == ProgressMode::Json {
            progress::json(Event::SweepRun {
                index: index + 1,
                of: count,
                directory: directory.to_owned(),
                settings: run.iter().cloned().collect(),
            });
        } else if self.arguments.progress != ProgressMode::None {
            output::note(format_args!("{} of {count}: {}", index + 1, label(run)));
        }
        let options = self.options(out.clone(), self.loaded.inputs.clone());
        let sink = progress::sink(self.arguments.progress);
        let outcome = self.host.run(&document, &checked, &options, self.cancel, sink)?;
        if self.arguments.progress != ProgressMode::Json {
            for file in &outcome.files {
                output::line(out.join(&file.name).display());
            }
        }
        Ok(outcome.files.into_iter().map(|file| (file.name, file.sha256)).collect())
    }

    fn options(&self, output_dir: PathBuf, inputs: amdm_runtime::Inputs) -> RunOptions {
        let metadata = !self.arguments.no_metadata;
        RunOptions { output_dir, inputs, metadata, ..RunOptions::default() }
    }

    /// One picture with the first picture of each run, labelled: a graph like any other.
    fn sheet(&self, manifest: &Manifest, runs: &[Run]) -> Result<(), Stop> {
        let mut graph = serde_json::Map::new();
        let mut grid = serde_json::Map::new();
        for (entry, run) in manifest.runs.iter().zip(runs).take(SHEET) {
            let Some(name) = entry.files.iter().flat_map(BTreeMap::keys).next() else { continue };
            let at = grid.len() + 1;
            graph.insert(
                format!("load {at}"),
                node(
                    "LoadImage",
                    &serde_json::json!({"image": format!("{}/{name}", entry.directory)}),
                ),
            );
            let image = serde_json::json!([format!("load {at}"), 0]);
            graph.insert(
                format!("label {at}"),
                node(
                    "ImageLabel",
                    &serde_json::json!({"image": image, "text": label(run), "size": 14}),
                ),
            );
            grid.insert(format!("image_{at}"), serde_json::json!([format!("label {at}"), 0]));
        }
        if grid.is_empty() {
            return Ok(());
        }
        let columns = self.sweeps.last().map_or(1, |sweep| sweep.values().len()).min(grid.len());
        grid.insert("columns".into(), columns.into());
        graph.insert("grid".into(), node("ImageGrid", &grid.into()));
        let save = serde_json::json!({"images": ["grid", 0], "filename_prefix": "sheet"});
        graph.insert("save".into(), node("SaveImage", &save));
        let document = Document::from_value(graph.into(), &amdm::graph::Limits::default())
            .map_err(|error| Stop::new(FAILED, error.to_string()))?;
        let inputs = amdm_runtime::Inputs::new(Some(self.arguments.out.clone()));
        let checked = self.host.check(&document, inputs.clone()).map_err(|errors| {
            source::report(&self.arguments.out, &errors, "no sheet was made");
            Stop::silent(FAILED)
        })?;
        let options =
            RunOptions { metadata: false, ..self.options(self.arguments.out.clone(), inputs) };
        let outcome =
            self.host.run(&document, &checked, &options, self.cancel, Arc::new(|_| {}))?;
        for file in outcome.files {
            output::line(self.arguments.out.join(&file.name).display());
        }
        Ok(())
    }
}

fn node(class: &str, inputs: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({"class_type": class, "inputs": inputs})
}

/// What a run sets, in a line.
fn label(run: &Run) -> String {
    run.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// Whether all files of a run are there, as it wrote them.
fn is_done(out: &Path, entry: &Entry) -> bool {
    entry.files.as_ref().is_some_and(|files| {
        files.iter().all(|(name, expected)| {
            let found = std::fs::read(out.join(&entry.directory).join(name));
            found.is_ok_and(|bytes| hash(&bytes) == *expected)
        })
    })
}

/// Removes what a run that did not end left in its directory.
fn clear(dir: &Path) -> Result<(), Stop> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(dir, &error)),
        _ => Ok(()),
    }
}

/// Replaces the manifest as a whole.
fn store(out: &Path, manifest: &Manifest) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| Stop::new(FAILED, format!("a sweep has no JSON: {error}")))?;
    let path = out.join(MANIFEST);
    std::fs::create_dir_all(out)
        .and_then(|()| replace::replace(&path, &text))
        .map_err(|error| unusable(&path, &error))
}

fn unusable(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(FAILED, format!("{}: {error}", path.display()))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
