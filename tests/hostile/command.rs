//! The `amdm` command as a program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none where a signal killed it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The program with the tests' cache and nothing of the caller's environment.
pub fn amdm(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amdm"));
    command
        .args(arguments)
        .env_clear()
        .env("AMDM_PACK_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end.
pub fn end(command: &mut Command) -> Ended {
    ended(command.spawn().unwrap())
}

/// Waits for the end.
pub fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for panic in ["panicked", "stack overflow", "RUST_BACKTRACE"] {
        assert!(!ended.stderr.contains(panic), "{}", ended.stderr);
    }
    ended
}

/// A graph in a directory of its own, with a place for what it writes.
pub struct Scene {
    dir: TempDir,
}

impl Scene {
    pub fn new(graph: &Value) -> Self {
        Self::of(serde_json::to_string_pretty(graph).unwrap().as_bytes())
    }

    pub fn of(graph: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("graph.json"), graph).unwrap();
        Self { dir }
    }

    pub fn graph(&self) -> String {
        self.dir.path().join("graph.json").to_str().unwrap().into()
    }

    pub fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    pub fn command(&self, more: &[&str]) -> Command {
        let (graph, out) = (self.graph(), self.out());
        let mut command = amdm(&["run", &graph, "--device", "cpu", "--threads", "1"]);
        command.arg("--out").arg(out).args(more);
        command
    }

    pub fn run(&self, more: &[&str]) -> Ended {
        end(&mut self.command(more))
    }
}
