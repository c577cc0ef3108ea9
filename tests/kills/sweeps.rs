//! Killed at any moment, a sweep leaves no torn file and no unreadable cache, and is continued to
//! the same files as one that was left alone. `AMDM_KILLS=200` kills more often than the usual 6
//! times.
//!
//! The clock of a kill starts with the first line of progress, and its time is drawn from what a
//! sweep takes that nobody kills, with a cache in the same state. Only kills that fell while
//! something was left to do count.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::cache::sound;
use crate::command::decode;

/// Runs of the sweep.
const RUNS: usize = 12;

fn graph() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.join("../../examples/graphs/parameters.json").to_str().unwrap().into()
}

/// A sweep whose lines of progress are read.
struct Running {
    child: Child,
    begun: Receiver<()>,
    lines: JoinHandle<Vec<String>>,
}

impl Running {
    /// Starts a sweep of twelve runs and a sheet.
    fn start(out: &Path, cache: &Path) -> Self {
        let packs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs");
        let mut child = Command::new(env!("CARGO_BIN_EXE_amdm"))
            .args(["run", &graph(), "--sweep", "seed=1..4", "--sweep", "weight=.5,.7,.9"])
            .args(["--threads", "1", "--progress", "json", "--sheet", "--resume", "--out"])
            .arg(out)
            .arg("--cache")
            .arg(cache)
            .env("AMDM_PACK_CACHE", packs)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (first, begun) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let lines = std::thread::spawn(move || {
            let read = stdout.lines().map(|line| {
                let _ = first.send(());
                line.unwrap()
            });
            read.collect()
        });
        Self { child, begun, lines }
    }

    /// Waits until it has ended well; gives the time since the first line, and all lines.
    fn finish(mut self) -> (Duration, Vec<String>) {
        let _ = self.begun.recv();
        let begin = Instant::now();
        let status = self.child.wait().unwrap();
        let time = begin.elapsed();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(status.success(), "{said}");
        (time, self.lines.join().unwrap())
    }

    /// Kills it so long after its first line, or after its start; says whether it was still there,
    /// and its lines.
    fn kill(mut self, delay: Duration, from_start: bool) -> (bool, Vec<String>) {
        if !from_start {
            let _ = self.begun.recv();
        }
        std::thread::sleep(delay);
        self.child.kill().unwrap();
        let killed = self.child.wait().unwrap().code().is_none();
        (killed, self.lines.join().unwrap())
    }
}

/// How many results came from the disk.
fn hits(lines: &[String]) -> usize {
    let kept = r#"{"event":"cached""#;
    lines.iter().filter(|line| line.starts_with(kept) && line.contains(r#""from":"disk""#)).count()
}

/// All files below a directory.
fn paths(dir: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                paths.push(path);
            }
        }
    }
    paths
}

fn unfinished(dir: &Path) -> Vec<PathBuf> {
    paths(dir).into_iter().filter(|path| path.to_string_lossy().ends_with(".part")).collect()
}

/// Files below a directory but unfinished ones, by relative name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let whole = paths(dir).into_iter().filter(|path| !path.to_string_lossy().ends_with(".part"));
    let name = |path: &Path| path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
    whole.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

/// Every picture decodes, and the description is whole.
fn assert_whole(out: &Path) {
    for (name, bytes) in files(out) {
        if name.ends_with(".png") {
            decode(&name, &bytes);
        } else {
            assert_eq!(name, "sweep.json");
            serde_json::from_slice::<Value>(&bytes).unwrap();
        }
    }
}

/// Of the runs and the sheet, how many are not described as done.
fn left(out: &Path) -> usize {
    let Ok(bytes) = std::fs::read(out.join("sweep.json")) else { return RUNS + 1 };
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let runs = manifest["runs"].as_array().unwrap();
    let open = runs.iter().filter(|run| run["files"].is_null()).count();
    open + usize::from(manifest["sheet"]["sha256"].is_null())
}

/// Folders of a folder.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// Whether the run in `folder` is not described as done.
fn is_open(out: &Path, folder: &Path) -> bool {
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(out.join("sweep.json")).unwrap()).unwrap();
    let mut runs = manifest["runs"].as_array().unwrap().iter();
    let name = folder.file_name().unwrap().to_str().unwrap();
    runs.any(|run| run["directory"] == name && run["files"].is_null())
}

/// A sequence that looks random and is not (xorshift).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// What came of the kills.
#[derive(Debug, Default)]
struct Figures {
    mid_run: u32,
    while_starting: u32,
    too_late: u32,
    sweeps: u32,
    unfinished_files: usize,
    hits: usize,
}

struct Test {
    dir: tempfile::TempDir,
    expected: BTreeMap<String, Vec<u8>>,
    /// What a sweep takes with an empty cache, and with a full one.
    times: [Duration; 2],
    random: u64,
    figures: Figures,
}

impl Test {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("cache of the whole");
        let times = ["cold", "warm"].map(|name| {
            let (time, lines) = Running::start(&dir.path().join(name), &cache).finish();
            assert_eq!(hits(&lines) > 0, name == "warm");
            time
        });
        let expected = files(&dir.path().join("cold"));
        assert_eq!(expected.len(), RUNS + 2);
        assert!(files(&dir.path().join("warm")) == expected);
        let random = 0x9E37_79B9_7F4A_7C15;
        Self { dir, expected, times, random, figures: Figures::default() }
    }

    /// One sweep, killed some times and then continued to its end.
    fn sweep(&mut self) {
        self.figures.sweeps += 1;
        let out = self.dir.path().join(format!("out {}", self.figures.sweeps));
        let cache = self.dir.path().join("cache");
        // A fresh output, the cache of all before it: what a kill left there must not harm.
        let cold = self.figures.sweeps % 3 == 1;
        if cold {
            let _ = std::fs::remove_dir_all(&cache);
        }
        for _ in 0..4 {
            if left(&out) == 0 {
                break;
            }
            self.kill(&out, &cache, cold);
        }
        // And what one leaves that is killed while it writes.
        let part =
            |folder: PathBuf| std::fs::write(folder.join(".amdm-torn.part"), "torn").unwrap();
        part(out.clone());
        folders(&cache.join("results")).into_iter().take(1).for_each(part);
        folders(&out).into_iter().filter(|folder| is_open(&out, folder)).take(1).for_each(part);
        let left_behind = [unfinished(&out), unfinished(&cache)].concat();
        self.figures.unfinished_files += left_behind.len();
        // Unfinished files in a cache may be another process's, unless they are old.
        let old = SystemTime::now() - Duration::from_secs(7200);
        for path in &left_behind {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(old).unwrap();
        }
        let (kept, open) = (sound(&cache), left(&out));
        let (_, lines) = Running::start(&out, &cache).finish();
        let hits = hits(&lines);
        self.figures.hits += hits;
        if cold {
            // All that is there is from the killed ones: whatever the next run needs of it is used.
            assert!(hits > 0 || kept == 0 || open <= 1, "{kept} kept, {open} open, none used");
        }
        assert!(files(&out) == self.expected, "sweep {} differs", self.figures.sweeps);
        assert_eq!(unfinished(&out), [""; 0].map(PathBuf::from));
        // A cache is cleared by who runs something.
        assert!(open == 0 || unfinished(&cache).is_empty());
        sound(&cache);
        std::fs::remove_dir_all(&out).unwrap();
    }

    fn kill(&mut self, out: &Path, cache: &Path, cold: bool) {
        let whole = self.times[usize::from(!cold)].as_micros() as u64;
        let open = left(out) as u64;
        let from_start = next(&mut self.random).is_multiple_of(10);
        // A little less than all: what is late is no kill of a sweep.
        let most = if from_start { 50_000 } else { whole * open / (RUNS as u64 + 1) * 9 / 10 };
        let delay = Duration::from_micros(next(&mut self.random) % most.max(1));
        let (killed, lines) = Running::start(out, cache).kill(delay, from_start);
        self.figures.hits += hits(&lines);
        assert_whole(out);
        sound(cache);
        let counted = match (killed && left(out) > 0, from_start) {
            (true, false) => &mut self.figures.mid_run,
            (true, true) => &mut self.figures.while_starting,
            (false, _) => &mut self.figures.too_late,
        };
        *counted += 1;
    }
}

#[test]
fn a_killed_sweep_is_continued_to_the_same_files() {
    let kills = std::env::var("AMDM_KILLS").map_or(6, |text| text.parse::<u32>().unwrap());
    let mut test = Test::new();
    while test.figures.mid_run < kills {
        test.sweep();
    }
    eprintln!("a sweep alone took {:?}, with a full cache {:?}", test.times[0], test.times[1]);
    eprintln!("{:?}", test.figures);
    assert!(test.figures.hits > 0);
}
