//! The face of the command `amdm`, which cargo builds beside the test: `cargo test --workspace`, or
//! with `--test embed --test command`. It must not be older than the library;
//! `AMDM_WITHOUT_COMMAND` leaves it out.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitStatus, Stdio};

use serde_json::Value;

use super::library::{files, kept_in_memory};
use super::{Face, Job, Part, Ran, Stop, own, settled};

pub struct Command {
    program: PathBuf,
    inputs: PathBuf,
    cache: Option<tempfile::TempDir>,
}

unsafe extern "C" {
    #[cfg(unix)]
    fn kill(process: i32, signal: i32) -> i32;
}

/// The command, no older than the library beside it.
fn program() -> PathBuf {
    const HOW: &str = "build it with `cargo test --workspace --test embed --test command`, or set \
                       AMDM_WITHOUT_COMMAND=1";
    let test = std::env::current_exe().unwrap();
    let dir = test.parent().unwrap().parent().unwrap();
    let program = dir.join(format!("amdm{}", std::env::consts::EXE_SUFFIX));
    let built = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    let age = built(&program).unwrap_or_else(|_| panic!("there is no {program:?}: {HOW}"));
    let library = built(&crate::library::path()).unwrap();
    assert!(age >= library, "{program:?} is older than the library: {HOW}");
    program
}

impl Command {
    pub fn open(inputs: &Path, keeps: bool) -> Option<Self> {
        if std::env::var_os("AMDM_WITHOUT_COMMAND").is_some() {
            crate::process::left_out("the command, as AMDM_WITHOUT_COMMAND says");
            return None;
        }
        let cache = keeps.then(|| tempfile::tempdir().unwrap());
        Some(Self { program: program(), inputs: inputs.into(), cache })
    }

    fn process(&self, graph: &Value, dir: &Path, arguments: &[&str]) -> Process {
        let file = dir.join("graph.json");
        std::fs::write(&file, graph.to_string()).unwrap();
        let mut process = Process::new(&self.program);
        process.args(arguments).arg(file).arg("--inputs").arg(&self.inputs);
        process.arg("--pack-cache").arg(format!("{}/packs", env!("CARGO_TARGET_TMPDIR")));
        if let Some(list) = own::pack::allowed() {
            process.arg("--allow-native-packs").arg(list);
        }
        process
    }

    /// Its events, and how it ended; stopped by a signal where that is asked for.
    fn watch(process: &mut Process, stop: Stop) -> (Vec<Value>, ExitStatus) {
        let mut child = process.stdout(Stdio::piped()).spawn().unwrap();
        let mut events = Vec::new();
        let mut stopping = stop == Stop::FirstStep;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let event = serde_json::from_str::<Value>(&line.unwrap()).unwrap();
            if stopping && event["event"] == "progress" {
                stopping = false;
                #[cfg(unix)]
                assert_eq!(unsafe { kill(child.id() as i32, 2) }, 0);
            }
            events.push(settled(event));
        }
        (events, child.wait().unwrap())
    }
}

impl Face for Command {
    fn name(&self) -> &'static str {
        "the command"
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Nodes => own::pack::allowed().is_some(),
            Part::Stop => cfg!(unix),
            Part::Models | Part::Wanted | Part::StopBefore => false,
        }
    }

    fn verdict(&self, graph: &Value) -> Value {
        let dir = tempfile::tempdir().unwrap();
        let output = self.process(graph, dir.path(), &["check", "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn run(&self, job: &Job<'_>) -> Ran {
        assert!([Stop::Never, Stop::FirstStep].contains(&job.stop), "not by a signal");
        let dir = tempfile::tempdir().unwrap();
        let [out, result, applied, said] =
            ["out", "result.json", "applied", "said"].map(|name| dir.path().join(name));
        let settings = job.set.iter().map(|(node, input, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("--set={node}.{input}={value}")
        });
        let (out_text, result_text) = (out.to_str().unwrap(), result.to_str().unwrap());
        let mut arguments = vec!["run", "--device", "cpu", "--threads", "1"];
        arguments.extend(["--progress", "json", "--out", out_text, "--result", result_text]);
        let cache = self.cache.as_ref().map_or("none", |dir| dir.path().to_str().unwrap());
        arguments.extend(["--cache", cache]);
        arguments.extend((!job.metadata).then_some("--no-metadata"));
        let settings = settings.collect::<Vec<_>>();
        arguments.extend(settings.iter().map(String::as_str));
        let mut process = self.process(job.graph, dir.path(), &arguments);
        process.env("AMDM_TEST_APPLIED", &applied);
        process.stderr(std::fs::File::create(&said).unwrap());
        let (mut events, status) = Self::watch(&mut process, job.stop);
        let said = std::fs::read_to_string(&said).unwrap();
        let last = events.pop().unwrap_or_else(|| panic!("{said}"));
        let expected = if status.success() { "finished" } else { "failed" };
        assert_eq!(last["event"], expected, "{said}");
        if self.cache.is_some() {
            kept_in_memory(&mut events);
        }
        let result = serde_json::from_slice::<Value>(&std::fs::read(&result).unwrap()).unwrap();
        assert_eq!(result.get("error").is_none(), status.success());
        let warnings = result["warnings"].as_array().unwrap().iter();
        let applied = std::fs::read_to_string(&applied).unwrap_or_default();
        let applied = applied.lines().map(|line| {
            let (phase, step) = line.split_once(' ').unwrap();
            (phase.parse().unwrap(), step.parse().unwrap())
        });
        Ran {
            failure: result.get("error").cloned(),
            events,
            files: files(&out),
            images: None,
            tensors: None,
            warnings: warnings.map(|line| line.as_str().unwrap().to_owned()).collect(),
            applied: applied.collect(),
        }
    }
}
