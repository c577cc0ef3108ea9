//! `amdm run --sweep`: one graph with many values, each run in a numbered directory of its own.
//!
//! `sweep.json` in the output directory says what each run was and what it wrote ([`manifest`]).
//! Whatever is wrong with any of the runs is said before the first.

mod manifest;
mod sheet;

use std::collections::{BTreeMap, HashSet};

use amdm::graph::GraphError;
use amdm::graph::set::{self, Run, Sweep};
use amdm_runtime::{Cancel, Event, Host, Prepared, RunResult, Status};

use self::manifest::{Entry, Manifest, Swept, Written, clear, hash, hold};
use super::execution;
use super::result::{self, SweepResult, SweptRun};
use super::source::Loaded;
use crate::args::{ProgressMode, RunArguments};
use crate::events::CommandEvent;
use crate::exit::{FAILED, Stop, USAGE};
use crate::{output, progress};

/// Runs all combinations.
pub fn run(
    arguments: &RunArguments,
    host: &Host,
    loaded: &Loaded,
    cancel: &Cancel,
) -> Result<(), Stop> {
    let sweeps = arguments.sweep.iter().map(|text| {
        Sweep::parse(&loaded.draft.document, loaded.graphs.catalogue(), text)
            .map_err(|error| Stop::new(USAGE, format!("--sweep {text}: {error}")))
    });
    let sweeps = sweeps.collect::<Result<Vec<_>, _>>()?;
    let runs = set::runs(&sweeps).map_err(|error| Stop::new(USAGE, format!("--sweep: {error}")))?;
    let work = Work { arguments, host, loaded, sweeps, runs, cancel };
    let (made_with, all) = work.examine()?;
    let _held = hold(&arguments.out)?;
    let mut manifest = work.manifest(made_with).open(&arguments.out, arguments.resume)?;
    let mut told = SweepResult {
        format: RunResult::FORMAT,
        status: Status::Finished,
        error: None,
        runs: Vec::new(),
        sheet: None,
    };
    let ended = work.all(&mut manifest, &mut told);
    let stop = match ended {
        Err(stop) => Some(stop),
        Ok(()) if !all => Some(Stop::silent(FAILED)),
        Ok(()) => None,
    };
    if let Some(failure) = stop.as_ref().and_then(|stop| stop.failure.as_deref()) {
        told.error = Some(failure.clone());
        told.status = Status::Failed;
        if arguments.progress == ProgressMode::Json {
            progress::json(&Event::Failed { error: failure.clone() });
        }
    }
    result::write(arguments, &result::Document::Sweep(told)).map_err(Stop::told)?;
    stop.map_or(Ok(()), |stop| Err(stop.told()))
}

struct Work<'a> {
    arguments: &'a RunArguments,
    host: &'a Host,
    loaded: &'a Loaded,
    sweeps: Vec<Sweep>,
    runs: Vec<Run>,
    cancel: &'a Cancel,
}

impl Work<'_> {
    /// The graph of one run, and what is left out of it.
    fn graph(&self, run: &Run) -> Result<Prepared, Vec<GraphError>> {
        let mut document = self.loaded.draft.document.clone();
        for (sweep, (_, value)) in self.sweeps.iter().zip(run) {
            sweep.set(&mut document, value).map_err(|error| vec![error])?;
        }
        execution::prepare(self.arguments, document, &self.loaded.graphs, Vec::new())
    }

    /// Looks at all runs: what they are made with, and whether none leaves outputs out.
    fn examine(&self) -> Result<(BTreeMap<String, String>, bool), Stop> {
        let (mut made_with, mut all) = (BTreeMap::new(), true);
        for run in &self.runs {
            let Prepared { checked, left_out, .. } = self.graph(run).map_err(|errors| {
                let end = format!("with {}", label(run));
                execution::invalid(self.arguments, &self.loaded.draft.warnings, errors, &end)
            })?;
            all &= left_out.is_empty();
            let inputs = &self.loaded.inputs;
            self.host.origins(&checked, inputs, &mut made_with, self.cancel)?;
        }
        let metadata = if self.arguments.no_metadata { "left out" } else { "in the pictures" };
        let outputs = if self.arguments.partial { "the valid ones" } else { "all" };
        made_with.insert("graph in the pictures".into(), metadata.into());
        made_with.insert("outputs".into(), outputs.into());
        Ok((made_with, all))
    }

    /// The description of a sweep of which nothing has run.
    fn manifest(&self, made_with: BTreeMap<String, String>) -> Manifest {
        let digits = self.runs.len().to_string().len().max(3);
        let swept =
            |sweep: &Sweep| Swept { set: sweep.name().into(), values: sweep.values().into() };
        let entry = |(index, run): (usize, &Run)| Entry {
            directory: format!("{:0digits$}", index + 1),
            settings: run.iter().cloned().collect(),
            files: None,
        };
        Manifest {
            graph: hash(self.loaded.draft.document.to_value().to_string().as_bytes()),
            made_with,
            sweeps: self.sweeps.iter().map(swept).collect(),
            runs: self.runs.iter().enumerate().map(entry).collect(),
            sheet: None,
        }
    }

    /// Runs what is not done yet; what ran is told, and so is the failure that ends it.
    fn all(&self, manifest: &mut Manifest, told: &mut SweepResult) -> Result<(), Stop> {
        let out = &self.arguments.out;
        let mut warned = HashSet::new();
        let mut ready = 0;
        for index in 0..self.runs.len() {
            let entry = &manifest.runs[index];
            let mut swept = SweptRun {
                directory: entry.directory.clone(),
                settings: entry.settings.clone(),
                result: None,
            };
            if entry.is_done(out) {
                told.runs.push(swept);
                ready += 1;
                continue;
            }
            let mut ended = self.execute(index, &entry.directory)?;
            let names = ended.files;
            let failure = ended.result.error.clone();
            ended
                .result
                .warnings
                .splice(0..0, self.loaded.draft.warnings.iter().map(|w| w.to_string()));
            let new = |warning: &&String| warned.insert((*warning).clone());
            let warnings = ended.result.warnings.iter().filter(new).cloned().collect::<Vec<_>>();
            execution::warn(self.arguments.progress, &warnings);
            swept.result = Some(Box::new(ended.result));
            told.runs.push(swept);
            if let Some(failure) = failure {
                told.status = Status::Failed;
                told.error = Some(failure.clone());
                return Err(Stop::from(failure).told());
            }
            manifest.runs[index].files = Some(names);
            manifest.store(out)?;
        }
        let count = self.runs.len();
        if ready > 0 && execution::is_for_people(self.arguments.progress) {
            output::note(format_args!("{ready} of {count} were done before"));
        }
        if self.arguments.sheet {
            told.sheet = self.sheet(manifest, ready < count)?;
        }
        Ok(())
    }

    /// Runs one combination.
    fn execute(&self, index: usize, directory: &str) -> Result<Ended, Stop> {
        let arguments = self.arguments;
        let (run, count) = (&self.runs[index], self.runs.len());
        let out = arguments.out.join(directory);
        clear(&out)?;
        let prepared = self
            .graph(run)
            .map_err(|errors| execution::invalid(arguments, &[], errors, "nothing ran"))?;
        if arguments.progress == ProgressMode::Json {
            progress::json(&CommandEvent::SweepRun {
                index: index + 1,
                of: count,
                directory: directory.to_owned(),
                settings: run.iter().cloned().collect(),
            });
        } else if arguments.progress != ProgressMode::None {
            output::note(format_args!("{} of {count}: {}", index + 1, label(run)));
        }
        execution::announce(arguments, &prepared.left_out);
        let options = execution::options(arguments, out.clone(), self.loaded.inputs.clone());
        let mut result = execution::execute(arguments, self.host, &prepared, &options, self.cancel);
        result.errors = prepared.left_out;
        let name = |path: &str| {
            let path = std::path::Path::new(path);
            let name = path.strip_prefix(&out).unwrap_or(path);
            name.to_string_lossy().replace('\\', "/")
        };
        let files = result
            .outputs
            .iter()
            .map(|file| Written { name: name(&file.path), sha256: Some(file.sha256.clone()) });
        Ok(Ended { files: files.collect(), result })
    }
}

/// How a run ended, with the names and hashes of its files.
struct Ended {
    files: Vec<Written>,
    result: RunResult,
}

/// What a run sets, in a line.
fn label(run: &Run) -> String {
    run.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
