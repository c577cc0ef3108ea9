//! Machines that give little: no home, nothing to write to, a full disk.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::command::{Ended, Scene, amdm, end};
use crate::graphs::{good, with};
use crate::stage::leftovers;

/// A directory that not even root can write to.
const NOWHERE: &str = "/proc/amdm";

#[test]
fn no_home_and_nothing_to_write_to_but_the_output() {
    let scene = Scene::new(&good());
    let nowhere = |command: &mut Command| {
        command
            .env("HOME", "/nonexistent")
            .env("TMPDIR", NOWHERE)
            .env("XDG_CACHE_HOME", NOWHERE)
            .current_dir("/proc");
    };
    for cache in [None, Some(NOWHERE)] {
        let mut command = scene.command(&[]);
        nowhere(command.env_remove("AMDM_PACK_CACHE"));
        cache.map(|dir| command.env("AMDM_PACK_CACHE", dir));
        let ended = end(&mut command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains("error"), "{ended:?}");
    }
    assert_eq!(leftovers(&scene.out()).len(), 2);
}

fn into(out: &str) -> Ended {
    let scene = Scene::new(&good());
    let graph = scene.graph();
    end(&mut amdm(&["run", &graph, "--out", out, "--threads", "1"]))
}

#[test]
fn an_output_that_cannot_be_written() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    for out in [file, &format!("{file}/below"), NOWHERE] {
        let ended = into(out);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let message = format!("error: cannot write to {out}: ");
        assert!(ended.stderr.starts_with(&message), "{ended:?}");
        assert!(ended.stderr.trim_end().ends_with("[input_output]"), "{ended:?}");
    }
}

/// A batch of pictures that no small disk holds.
fn large() -> Scene {
    let mut graph = with("start", "batch_size", json!(4));
    graph["scale"] = json!({"class_type": "ImageScaleBy", "inputs": {
        "image": ["decode", 0], "scale_by": 8, "upscale_method": "bicubic"}});
    graph["save"]["inputs"]["images"] = json!(["scale", 0]);
    Scene::new(&graph)
}

fn assert_full(ended: &Ended, out: &Path) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let start = format!("error: node save (SaveImage): cannot write to {}: ", out.display());
    assert!(ended.stderr.starts_with(&start), "{ended:?}");
    assert!(ended.stderr.trim_end().ends_with("[input_output]"), "{ended:?}");
    assert_eq!(leftovers(out), [""; 0], "parts of a batch were left behind");
}

#[test]
fn a_limit_on_the_size_of_files() {
    let scene = large();
    let command = scene.command(&[]);
    let mut shell = Command::new("sh");
    // 16 blocks are 8 KiB or more; without the trap the signal would end the process.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in command.get_envs() {
        value.map(|value| shell.env(name, value));
    }
    shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    assert_full(&end(&mut shell), &scene.out());
}

/// Needs the right to mount; says so and passes without.
#[test]
fn a_full_disk() {
    let disk = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=128k", "tmpfs"])
        .arg(disk.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a file system cannot be mounted here");
        return;
    }
    let scene = large();
    let out = disk.path().to_str().unwrap();
    let ended = end(&mut amdm(&["run", &scene.graph(), "--out", out]));
    let left = leftovers(disk.path());
    assert!(Command::new("umount").arg(disk.path()).status().unwrap().success());
    assert_eq!(left, [""; 0]);
    assert_full(&ended, disk.path());
}

#[test]
fn a_pack_that_is_listed_writes_nothing() {
    let packs = crate::stage::directory(
        &crate::pack::Source::node("describe-saves").undescribed().component(),
    );
    let here = tempfile::tempdir().unwrap();
    let mut command = amdm(&["nodes", "--packs", packs.path().to_str().unwrap()]);
    let ended = end(command.current_dir(here.path()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(leftovers(here.path()), [""; 0]);
}

#[test]
fn a_stdout_that_is_full() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let ended = end(amdm(&["nodes"]).stdout(full));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("cannot write to stdout"), "{ended:?}");
}

#[test]
fn variables_that_are_set_to_nothing() {
    let mut command = amdm(&["packs"]);
    for name in ["AMDM_PACKS", "AMDM_MODELS", "AMDM_CACHE"] {
        command.env(name, "");
    }
    let ended = end(&mut command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
