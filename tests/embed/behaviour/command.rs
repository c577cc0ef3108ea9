//! The face of the command `amdm`, where cargo has built it beside the test.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output};

use serde_json::Value;

use super::library::files;
use super::{Face, Job, Ran, Stop, settled};

pub struct Command {
    program: PathBuf,
    inputs: PathBuf,
    cache: Option<tempfile::TempDir>,
}

impl Command {
    pub fn open(inputs: &Path, keeps: bool) -> Option<Self> {
        let test = std::env::current_exe().unwrap();
        let beside = test.parent()?.parent()?.join(format!("amdm{}", std::env::consts::EXE_SUFFIX));
        let cache = keeps.then(|| tempfile::tempdir().unwrap());
        beside.is_file().then_some(Self { program: beside, inputs: inputs.into(), cache })
    }

    fn call(&self, graph: &Value, dir: &Path, arguments: &[&str]) -> Output {
        let file = dir.join("graph.json");
        std::fs::write(&file, graph.to_string()).unwrap();
        let mut process = Process::new(&self.program);
        process.args(arguments).arg(file).arg("--inputs").arg(&self.inputs);
        let packs = format!("{}/packs", env!("CARGO_TARGET_TMPDIR"));
        process.args(["--pack-cache", &packs]).output().unwrap()
    }
}

impl Face for Command {
    fn name(&self) -> &'static str {
        "the command"
    }

    fn has_own(&self) -> bool {
        false
    }

    fn verdict(&self, graph: &Value) -> Value {
        let dir = tempfile::tempdir().unwrap();
        let output = self.call(graph, dir.path(), &["check", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn run(&self, job: &Job<'_>) -> Ran {
        assert_eq!(job.stop, Stop::Never, "a command is stopped by signals");
        let dir = tempfile::tempdir().unwrap();
        let (out, result) = (dir.path().join("out"), dir.path().join("result.json"));
        let settings = job.set.iter().map(|(node, input, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("--set={node}.{input}={value}")
        });
        let (out_text, result_text) = (out.to_str().unwrap(), result.to_str().unwrap());
        let mut arguments = vec!["run", "--device", "cpu", "--threads", "1", "--no-metadata"];
        arguments.extend(["--progress", "json", "--out", out_text, "--result", result_text]);
        let cache = self.cache.as_ref().map_or("none", |dir| dir.path().to_str().unwrap());
        arguments.extend(["--cache", cache]);
        let settings = settings.collect::<Vec<_>>();
        arguments.extend(settings.iter().map(String::as_str));
        let output = self.call(job.graph, dir.path(), &arguments);
        let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
        let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut events = events.map(settled).collect::<Vec<_>>();
        events.pop().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        for event in &mut events {
            // What is kept in memory elsewhere is kept on disk here.
            if event["event"] == "cached" {
                event["from"] = "memory".into();
            }
        }
        let result = serde_json::from_slice::<Value>(&std::fs::read(&result).unwrap()).unwrap();
        let warnings = result["warnings"].as_array().unwrap().iter();
        Ran {
            failure: result.get("error").cloned(),
            events,
            files: files(&out),
            images: None,
            tensors: None,
            warnings: warnings.map(|line| line.as_str().unwrap().to_owned()).collect(),
        }
    }
}
