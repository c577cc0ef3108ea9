//! Packs of native code: only where a list allows this very file, and like other packs then.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::{amdm, text};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The example, compiled with lines of C before it; none where there is no C compiler.
fn built(dir: &Path, name: &str, before: &str) -> Option<PathBuf> {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler `cc`");
        return None;
    }
    let (source, library) = (dir.join("source.c"), dir.join(name));
    std::fs::write(&source, format!("#include \"amdm.h\"\n{before}\n#include \"pack.c\"\n"))
        .unwrap();
    let status = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"])
        .arg("-I")
        .arg(root().join("host/capi/include"))
        .arg("-I")
        .arg(root().join("examples/pack-native"))
        .arg(&source)
        .arg("-o")
        .arg(&library)
        .status();
    assert!(status.unwrap().success());
    Some(library)
}

fn hash(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exit code and stderr of a run with this list.
fn run(dir: &Path, list: &str) -> (Option<i32>, String) {
    std::fs::write(dir.join("allowed.txt"), list).unwrap();
    let graph = root().join("examples/pack-native/graph.json");
    let paths = [graph, dir.join("out"), dir.join("allowed.txt")];
    let [graph, out, allowed] = paths.each_ref().map(|path| path.to_str().unwrap());
    let ended = amdm(&["run", graph, "--out", out, "--allow-native-packs", allowed], b"");
    (ended.status.code(), text(&ended.stderr).to_owned())
}

#[test]
fn a_native_pack_runs_where_its_hash_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let Some(library) = built(dir.path(), "libopposite.so", "") else { return };
    let name = library.file_name().unwrap().to_str().unwrap();
    let (code, stderr) = run(dir.path(), &format!("# ours\n{}  {name}\n", hash(&library)));
    assert_eq!(code, Some(0), "{}", stderr);
    assert!(stderr.contains("loading native code"), "{}", stderr);
    let picture = std::fs::read(dir.path().join("out/opposite_00001_.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    // White ground turned black.
    assert_eq!(pixels[..3], [0, 0, 0]);
    assert!(pixels.iter().any(|value| *value > 200));
}

#[test]
fn another_file_is_refused_before_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let Some(library) = built(dir.path(), "libopposite.so", "") else { return };
    let other = "0".repeat(64);
    let cases = [
        (format!("{other} libopposite.so"), "[denied]"),
        (format!("{other} missing.so"), "[input_output]"),
        ("libopposite.so".to_owned(), "[invalid_input]"),
    ];
    for (list, told) in cases {
        let (code, stderr) = run(dir.path(), &list);
        assert_eq!(code, Some(2), "{}", stderr);
        assert!(stderr.contains("--allow-native-packs"), "{}", stderr);
        assert!(stderr.contains(told), "{}", stderr);
        assert!(!stderr.contains("loading native code"), "{}", stderr);
    }
    let text = dir.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    let (code, stderr) = run(dir.path(), &format!("{} text.so", hash(&text)));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("[pack_invalid]"), "{}", stderr);
    drop(library);
}

#[test]
fn other_versions_are_refused_with_both_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let cases = [("MAJOR", 9, "9.0"), ("MINOR", 7, "1.7")];
    for (which, number, told) in cases {
        let name = format!("lib{which}.so");
        let before = format!("#undef AMDM_ABI_{which}\n#define AMDM_ABI_{which} {number}");
        let Some(library) = built(dir.path(), &name, &before) else { return };
        let (code, stderr) = run(dir.path(), &format!("{} {name}", hash(&library)));
        assert_eq!(code, Some(2), "{}", stderr);
        let expected = format!("found version {told} of the interface, this library has 1.0");
        assert!(stderr.contains(&expected), "{}", stderr);
    }
}
