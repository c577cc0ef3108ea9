//! `sweep.json`: what each run of a sweep was, what it was made with, and what it wrote.
//!
//! The file is replaced as a whole after every run, and holds nothing that differs between two
//! sweeps alike, so that one that was interrupted and resumed ends with the same files as one that
//! was not. A sweep goes on only where all that decides its bytes is what it was: graph, values,
//! program, packs, models, pictures. Nothing is written over, and nothing of others is removed; one
//! process at a time works in a directory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use amdm_runtime::{Failure, unfinished};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::exit::{FAILED, SWEEP_CHANGED, Stop, USAGE};

/// The file's name, in the output directory.
const NAME: &str = "sweep.json";
/// Names in a message; more are counted.
const SHOWN: usize = 5;

/// What `sweep.json` says.
#[derive(Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// SHA-256 of the graph before the sweep changes it.
    pub graph: String,
    /// What else decides the bytes: versions, contents of files, options; by name.
    #[serde(default)]
    pub made_with: BTreeMap<String, String>,
    /// What is set, with its values, in the order of the command line.
    pub sweeps: Vec<Swept>,
    /// All runs; the last sweep's values change fastest.
    pub runs: Vec<Entry>,
    /// The labelled picture of all runs, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Written>,
}

/// An input that is swept.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub struct Swept {
    /// How the command line names it.
    pub set: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A run.
#[derive(Debug, Deserialize, Serialize)]
pub struct Entry {
    /// Directory of the run's files, relative to the output directory.
    pub directory: String,
    /// What was set.
    pub settings: BTreeMap<String, String>,
    /// Its files in the order in which they were saved; none before it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<Written>>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Written {
    /// Its name, relative to its directory.
    pub name: String,
    /// SHA-256 of its content; none before it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Written {
    /// Whether the file is in `dir` as it was written.
    pub fn is_in(&self, dir: &Path) -> bool {
        let Some(expected) = &self.sha256 else { return false };
        std::fs::read(dir.join(&self.name)).is_ok_and(|bytes| hash(&bytes) == *expected)
    }
}

impl Entry {
    /// Whether all files of the run are below `out` as it wrote them.
    pub fn is_done(&self, out: &Path) -> bool {
        let dir = out.join(&self.directory);
        self.files.as_ref().is_some_and(|files| files.iter().all(|file| file.is_in(&dir)))
    }
}

impl Manifest {
    /// Begins this sweep in `out`, or continues it where `resume` says so; who calls holds the
    /// directory ([`hold`]).
    ///
    /// # Errors
    /// Where there is a sweep that is not to be continued, another one, or something that no sweep
    /// wrote; `sweep_changed` where it was made from something else.
    pub fn open(self, out: &Path, resume: bool) -> Result<Self, Stop> {
        let path = out.join(NAME);
        let fail = |reason: String| Stop::new(USAGE, format!("{}: {reason}", path.display()));
        let found = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return self.begin(out),
            Err(error) => return Err(fail(error.to_string())),
            Ok(_) if !resume => {
                let reason = "found a sweep; --resume continues it, another --out keeps it apart";
                return Err(fail(reason.into()));
            }
            Ok(bytes) => serde_json::from_slice::<Self>(&bytes)
                .map_err(|error| fail(format!("found no description of a sweep: {error}")))?,
        };
        if let Some(difference) = found.difference(&self) {
            let message = format!("{}: found a sweep {difference}", path.display());
            return Err(Failure::new(SWEEP_CHANGED, message).into());
        }
        unfinished::remove_all(out);
        Ok(found)
    }

    fn begin(self, out: &Path) -> Result<Self, Stop> {
        // A directory of that name is somebody's: only a sweep's own are ever cleared.
        let taken = self.runs.iter().map(|run| out.join(&run.directory));
        if let Some(taken) = taken.into_iter().find(|dir| dir.symlink_metadata().is_ok()) {
            let reason = "found something that no sweep wrote, expected another --out";
            return Err(Stop::new(USAGE, format!("{}: {reason}", taken.display())));
        }
        self.store(out)?;
        Ok(self)
    }

    /// How `self`, as it was found, is another sweep than `now`.
    fn difference(&self, now: &Self) -> Option<String> {
        let directories = |manifest: &Self| {
            manifest.runs.iter().map(|run| run.directory.clone()).collect::<Vec<_>>()
        };
        let same = self.graph == now.graph
            && self.sweeps == now.sweeps
            && directories(self) == directories(now);
        if !same {
            return Some("of another graph or other values, expected another --out".into());
        }
        let names = self.made_with.keys().chain(now.made_with.keys()).collect::<BTreeSet<_>>();
        let mut changes = names
            .into_iter()
            .filter_map(|name| match (self.made_with.get(name), now.made_with.get(name)) {
                (before, after) if before == after => None,
                (Some(before), Some(after)) if before.len().max(after.len()) < 40 => {
                    Some(format!("{name} was {before} and is {after}"))
                }
                (Some(_), Some(_)) => Some(format!("{name} has changed")),
                (Some(_), None) => Some(format!("{name} is gone")),
                (None, _) => Some(format!("{name} is new")),
            })
            .collect::<Vec<_>>();
        let more = changes.len().saturating_sub(SHOWN);
        changes.truncate(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!changes.is_empty()).then(|| {
            let changes = changes.join(", ");
            format!("that was made with something else, expected another --out: {changes}{more}")
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// The system's.
    pub fn store(&self, out: &Path) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(self).map_err(anyhow::Error::new)?;
        let path = out.join(NAME);
        unfinished::replace(&path, &text).map_err(|error| unusable(&path, &error))
    }
}

/// Keeps other sweeps out of `out`, which is made at need, while the file is open; a process that
/// is killed lets go of it. None where the system cannot lock a directory.
///
/// # Errors
/// Where another process has it; the system's where it cannot be made.
pub fn hold(out: &Path) -> Result<Option<File>, Stop> {
    std::fs::create_dir_all(out).map_err(|error| unusable(out, &error))?;
    let Ok(folder) = File::open(out) else { return Ok(None) };
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::Error(_)) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let message = "another process runs a sweep there, expected another --out";
            Err(Stop::new(USAGE, format!("{}: {message}", out.display())))
        }
    }
}

/// Removes what a run that did not end left in its directory.
///
/// # Errors
/// The system's.
pub fn clear(dir: &Path) -> Result<(), Stop> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unusable(dir, &error)),
        _ => Ok(()),
    }
}

/// What to say of a path that cannot be used.
pub fn unusable(path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(FAILED, format!("{}: {error}", path.display()))
}

/// SHA-256 in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
