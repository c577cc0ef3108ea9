//! Killed at any moment, a sweep leaves no torn file and no unreadable cache, and is continued to the
//! same files as one that was left alone. `AMDM_KILLS=200` kills more often than the usual 6 times.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cache::sound;
use crate::command::decode;

fn graph() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.join("../../examples/graphs/parameters.json").to_str().unwrap().into()
}

/// Starts a sweep of twelve runs.
fn start(out: &Path, cache: &Path) -> Child {
    let packs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs");
    Command::new(env!("CARGO_BIN_EXE_amdm"))
        .args(["run", &graph(), "--sweep", "seed=1..4", "--sweep", "weight=.5,.7,.9"])
        .args(["--threads", "1", "--progress", "none", "--resume", "--out"])
        .arg(out)
        .arg("--cache")
        .arg(cache)
        .env("AMDM_PACK_CACHE", packs)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// All files below a directory but unfinished ones, by relative name.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                open.push(path);
            } else if !name.ends_with(".part") {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// Every picture decodes, and the description is whole.
fn assert_whole(out: &Path) {
    for (name, bytes) in files(out) {
        if name.ends_with(".png") {
            decode(&name, &bytes);
        } else {
            assert_eq!(name, "sweep.json");
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        }
    }
}

/// A sequence that looks random and is not (xorshift).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn a_killed_sweep_is_continued_to_the_same_files() {
    let kills = std::env::var("AMDM_KILLS").map_or(6, |text| text.parse::<u32>().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    finish(start(&dir.path().join("whole"), &dir.path().join("cache of the whole")));
    let whole = begin.elapsed();
    let expected = files(&dir.path().join("whole"));
    assert_eq!(expected.len(), 13);
    let cache = dir.path().join("cache");
    let mut random = 0x9E37_79B9_7F4A_7C15;
    let (mut done, mut sweep) = (0, 0);
    while done < kills {
        // A fresh output, the cache of all before it: what a kill left there must not harm.
        sweep += 1;
        let out = dir.path().join(format!("out {sweep}"));
        if sweep % 3 == 1 {
            let _ = std::fs::remove_dir_all(&cache);
        }
        for _ in 0..3 {
            let mut child = start(&out, &cache);
            let micros = next(&mut random) % (whole.as_micros() as u64 * 4 / 5);
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().unwrap();
            let killed = child.wait().unwrap().code().is_none();
            assert_whole(&out);
            sound(&cache);
            // One that had ended already was not killed.
            done += u32::from(killed);
        }
        finish(start(&out, &cache));
        assert!(files(&out) == expected, "sweep {sweep} differs");
        std::fs::remove_dir_all(&out).unwrap();
    }
}
