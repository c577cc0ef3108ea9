//! `--sheet`: one picture with the first picture that each run saved, labelled; a graph like any
//! other.
//!
//! Its name is noted in the sweep's description before it is written, and stays the same: a sweep
//! that goes on puts the new picture in the place of the old one. It is made in a folder of its
//! own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use amdm::graph::{Checked, Document, Limits};
use amdm_runtime::{Event, Inputs, OutputFile, RunOptions};
use serde_json::{Map, Value, json};

use super::manifest::{Entry, Manifest, Written, clear, unusable};
use super::{Work, label};
use crate::args::ProgressMode;
use crate::commands::{faults, result};
use crate::exit::{FAILED, Stop};
use crate::{output, progress};

/// Pictures of one contact sheet.
const PICTURES: usize = 400;
/// Folder in which it is made, in the output directory.
const FOLDER: &str = ".amdm-sheet";
/// How the picture is called: as a graph that saves it would.
const PREFIX: &str = "sheet";

impl Work<'_> {
    /// Makes the sheet of a sweep that is done, unless it is there; `fresh` says that a run ran.
    pub(super) fn sheet(
        &self,
        manifest: &mut Manifest,
        fresh: bool,
    ) -> Result<Option<OutputFile>, Stop> {
        let out = &self.arguments.out;
        if !fresh && manifest.sheet.as_ref().is_some_and(|sheet| sheet.is_in(out)) {
            return Ok(None);
        }
        let Some(graph) = self.sheet_graph(&manifest.runs) else { return Ok(None) };
        let noted = manifest.sheet.take().map(|sheet| sheet.name).filter(|name| is_numbered(name));
        let name = noted.unwrap_or_else(|| free(out));
        manifest.sheet = Some(Written { name: name.clone(), sha256: None });
        manifest.store(out)?;
        let folder = out.join(FOLDER);
        clear(&folder)?;
        let mut made = self.draw(graph, &folder)?;
        let path = out.join(&name);
        std::fs::rename(folder.join(&made.path), &path).map_err(|error| unusable(&path, &error))?;
        clear(&folder)?;
        manifest.sheet = Some(Written { name: name.clone(), sha256: Some(made.sha256.clone()) });
        manifest.store(out)?;
        if self.arguments.progress == ProgressMode::Json {
            progress::json(&Event::Saved { node: PREFIX.into(), files: vec![name] });
        } else if !result::on_stdout(self.arguments) {
            output::line(path.display());
        }
        made.path = path.to_string_lossy().into_owned();
        Ok(Some(made))
    }

    fn sheet_graph(&self, entries: &[Entry]) -> Option<Value> {
        let (mut graph, mut grid) = (Map::new(), Map::new());
        for (entry, run) in entries.iter().zip(&self.runs).take(PICTURES) {
            let Some(file) = entry.files.iter().flatten().next() else { continue };
            let at = grid.len() + 1;
            let picture = json!({"image": format!("{}/{}", entry.directory, file.name)});
            graph.insert(format!("load {at}"), node("LoadImage", &picture));
            let image = json!([format!("load {at}"), 0]);
            let text = json!({"image": image, "text": label(run), "size": 14});
            graph.insert(format!("label {at}"), node("ImageLabel", &text));
            grid.insert(format!("image_{at}"), json!([format!("label {at}"), 0]));
        }
        if grid.is_empty() {
            return None;
        }
        let columns = self.sweeps.last().map_or(1, |sweep| sweep.values().len()).min(grid.len());
        grid.insert("columns".into(), columns.into());
        graph.insert("grid".into(), node("ImageGrid", &grid.into()));
        let save = json!({"images": ["grid", 0], "filename_prefix": PREFIX});
        graph.insert("save".into(), node("SaveImage", &save));
        Some(graph.into())
    }

    /// Runs the graph; the path is relative to `folder`.
    fn draw(&self, graph: Value, folder: &Path) -> Result<OutputFile, Stop> {
        let out = &self.arguments.out;
        let document = Document::from_value(graph, &Limits::default())
            .map_err(|error| Stop::new(FAILED, error.to_string()))?;
        let inputs = Inputs::new(Some(out.clone()));
        let checked = self.check_sheet(&document, &inputs)?;
        let options = RunOptions {
            output_dir: folder.to_owned(),
            inputs,
            metadata: false,
            ..RunOptions::default()
        };
        let sink = Arc::new(|_| {});
        let outcome = self.host.run(&document, &checked, &options, self.cancel, sink)?;
        let file = outcome.files.into_iter().next();
        let file = file.ok_or_else(|| Stop::new(FAILED, "no sheet was made"))?;
        Ok(OutputFile {
            node: PREFIX.into(),
            path: file.name,
            sha256: file.sha256,
            bytes: file.bytes,
            width: file.width,
            height: file.height,
        })
    }

    fn check_sheet(&self, document: &Document, inputs: &Inputs) -> Result<Checked, Stop> {
        self.host.check(document, inputs.clone()).map_err(|errors| {
            faults::report(&self.arguments.out, &errors, "no sheet was made");
            let first = errors.first().map(ToString::to_string).unwrap_or_default();
            Stop { message: None, ..Stop::new(FAILED, first) }
        })
    }
}

fn node(class: &str, inputs: &Value) -> Value {
    json!({"class_type": class, "inputs": inputs})
}

fn numbered(number: u64) -> String {
    format!("{PREFIX}_{number:05}_.png")
}

/// Whether a name is one that sheets have: a description of a sweep may come from anywhere.
fn is_numbered(name: &str) -> bool {
    let number = name.strip_prefix(PREFIX).and_then(|name| name.get(1..)?.strip_suffix("_.png"));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| numbered(number) == name)
}

/// The first name that nothing in `out` has.
fn free(out: &Path) -> String {
    let mut names = (1_u64..).map(numbered);
    let path = |name: &String| -> PathBuf { out.join(name) };
    names.find(|name| path(name).symlink_metadata().is_err()).unwrap_or_default()
}
