//! The command `amdm`: where it is and how it ended.

use std::env;
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How to start it.
#[derive(Debug)]
pub struct Amdm {
    /// The executable.
    pub path: PathBuf,
    /// Further arguments of `amdm run`.
    pub arguments: Vec<OsString>,
}

/// What it is on PATH, else in a build folder beside this executable.
pub fn find() -> Result<PathBuf> {
    let name = format!("amdm{EXE_SUFFIX}");
    let on_path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = env::split_paths(&on_path).map(|folder| folder.join(&name)).collect();
    let own = env::current_exe().context("this executable's path")?;
    if let Some(target) = own.parent().and_then(Path::parent) {
        places.extend(["release", "debug"].map(|profile| target.join(profile).join(&name)));
    }
    places
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not on PATH nor built; say where it is: --amdm FILE"))
}

/// How it ended.
pub(super) struct Ended {
    pub(super) took: Duration,
    /// All that it wrote to stderr.
    pub(super) messages: String,
    status: ExitStatus,
}

impl Amdm {
    /// Runs one graph.
    pub(super) fn run(
        &self,
        graph: &Path,
        models: &Path,
        inputs: &Path,
        out: &Path,
        dump: &Path,
    ) -> Result<Ended> {
        let mut command = Command::new(&self.path);
        command.arg("run").arg(graph);
        let folders =
            [("--models", models), ("--inputs", inputs), ("--out", out), ("--dump", dump)];
        for (name, folder) in folders {
            command.arg(name).arg(folder);
        }
        // Kept results would not show what the program computes, nor how fast.
        command.args(&self.arguments).env_remove("AMDM_CACHE").stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output().with_context(|| self.path.display().to_string())?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Ended { took: start.elapsed(), messages, status: output.status })
    }
}

impl Ended {
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Whether the run failed; a graph that is refused before anything ran ends with another code.
    pub(super) fn failed(&self) -> bool {
        self.status.code() == Some(1)
    }

    /// How it ended and the first of its errors, else its last line.
    pub(super) fn summary(&self) -> String {
        let lines = || self.messages.lines().map(str::trim).filter(|line| !line.is_empty());
        let error = lines().find(|line| line.starts_with("error")).or_else(|| lines().next_back());
        let others = lines().filter(|line| line.starts_with("error")).count().saturating_sub(1);
        let mut summary = format!("amdm: {}", self.status);
        if let Some(error) = error {
            summary.push_str(&format!(": {error}"));
        }
        if others > 0 {
            summary.push_str(&format!(" (and {others} more errors)"));
        }
        summary
    }
}
