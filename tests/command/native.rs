//! Packs of native code: only where a list allows this very file, and like other packs then.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::{amdm, text};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles a library; false where there is no C compiler.
fn compiled(source: &Path, includes: &[&str], macros: &[&str], library: &Path) -> bool {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler `cc`");
        return false;
    }
    let status = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"])
        .args(includes.iter().map(|dir| format!("-I{}", root().join(dir).display())))
        .args(macros.iter().map(|word| format!("-D{word}")))
        .arg(source)
        .arg("-o")
        .arg(library)
        .status();
    assert!(status.unwrap().success());
    true
}

/// The example, compiled with lines of C before it; none where there is no C compiler.
fn built(dir: &Path, name: &str, before: &str) -> Option<PathBuf> {
    let (source, library) = (dir.join("source.c"), dir.join(name));
    std::fs::write(&source, format!("#include \"amdm.h\"\n{before}\n#include \"pack.c\"\n"))
        .unwrap();
    let includes = ["host/capi/include", "examples/pack-native"];
    compiled(&source, &includes, &[], &library).then_some(library)
}

/// A pack `traced.so` that leaves lines in the file `trace` beside it.
fn traced(dir: &Path, macros: &[&str]) -> Option<PathBuf> {
    let (source, library) = (root().join("tests/fixtures/native/traced.c"), dir.join("traced.so"));
    let trace = format!("TRACE=\"{}\"", dir.join("trace").display());
    let macros = [&[trace.as_str()], macros].concat();
    compiled(&source, &["host/capi/include"], &macros, &library).then_some(library)
}

/// What the traced pack left so far.
fn trace(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("trace")).unwrap_or_default()
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
    let Some(library) = traced(dir.path(), &[]) else { return };
    let other = "0".repeat(64);
    let cases = [
        (format!("{other} traced.so"), "[denied]"),
        (format!("{other} missing.so"), "[input_output]"),
        (format!("{other} ."), "[input_output]"),
        ("traced.so".to_owned(), "[invalid_input]"),
    ];
    for (list, told) in cases {
        let (code, stderr) = run(dir.path(), &list);
        assert_eq!(code, Some(2), "{}", stderr);
        assert!(stderr.contains("--allow-native-packs"), "{}", stderr);
        assert!(stderr.trim_end().ends_with(told), "{}", stderr);
        assert!(!stderr.contains("loading native code"), "{}", stderr);
        // Not even its constructor ran.
        assert_eq!(trace(dir.path()), "");
    }
    let text = dir.path().join("text.so");
    std::fs::write(&text, "no library").unwrap();
    let (code, stderr) = run(dir.path(), &format!("{} text.so", hash(&text)));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("[pack_invalid]"), "{}", stderr);
    // Where it is allowed it does leave a trace.
    run(dir.path(), &format!("{} traced.so", hash(&library)));
    assert!(trace(dir.path()).starts_with("loaded\ninit "), "{}", trace(dir.path()));
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

#[test]
fn what_is_refused_for_its_version_is_not_initialised() {
    for macros in ["MAJOR=9", "MAJOR=0x10001", "MINOR=7"] {
        let dir = tempfile::tempdir().unwrap();
        let Some(library) = traced(dir.path(), &[macros]) else { return };
        let (code, stderr) = run(dir.path(), &format!("{} traced.so", hash(&library)));
        assert_eq!(code, Some(2), "{}", stderr);
        assert!(stderr.contains("traced.so is for another version of amdm: "), "{}", stderr);
        let trace = trace(dir.path());
        assert!(trace.starts_with("loaded\n") && !trace.contains("init"), "{trace}");
    }
}

/// All of it, also what programs call: the command is without the library and has its functions.
#[test]
fn init_is_given_functions_that_work() {
    let dir = tempfile::tempdir().unwrap();
    let Some(library) = traced(dir.path(), &["CALLS"]) else { return };
    run(dir.path(), &format!("{} traced.so", hash(&library)));
    // No handle; and inside `init`, as in callbacks, not allowed.
    let trace = trace(dir.path());
    assert!(trace.contains("\nstatuses -2 -4\n"), "{trace}");
}

/// A picture halved, and a sampling in whose steps the pack's operator acts.
fn graph() -> serde_json::Value {
    serde_json::json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a", "width": 32, "height": 32}},
        "shade": {"class_type": "acme.traced.Shade", "inputs": {"image": ["text", 0]}},
        "copy": {"class_type": "acme.traced.Copy", "inputs": {"image": ["shade", 0]}},
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "lane": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["where", 0]}},
        "box": {"class_type": "BoundingBox", "inputs": {"left": 0.1, "top": 0.2}},
        "where": {"class_type": "TinyLayout",
                  "inputs": {"model": ["model", 0], "boxes": ["box", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "fade": {"class_type": "acme.traced.Fade", "inputs": {}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lane", 0],
            "latent": ["start", 0], "policy": ["fade", 0], "seed": 1, "steps": 3}},
        "decode": {"class_type": "DecodeLatent",
                   "inputs": {"model": ["model", 0], "latent": ["sample", 0]}},
        "grid": {"class_type": "ImageGrid",
                 "inputs": {"image_1": ["copy", 0], "image_2": ["decode", 0], "columns": 1}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["grid", 0]}},
    })
}

/// A directory with the traced pack, its list and a graph of its nodes.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Option<Self> {
        let scene = Self(tempfile::tempdir().unwrap());
        std::fs::write(scene.path("graph.json"), graph().to_string()).unwrap();
        scene.pack("1").then_some(scene)
    }

    /// Compiles the pack, whose node shades by so much, and lists it.
    fn pack(&self, level: &str) -> bool {
        let Some(library) = traced(self.0.path(), &[&format!("LEVEL={level}")]) else {
            return false;
        };
        std::fs::write(self.path("allowed.txt"), format!("{} traced.so", hash(&library))).unwrap();
        true
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().into()
    }

    fn run(&self, more: &[&str]) -> std::process::Output {
        let paths = ["graph.json", "out", "allowed.txt"].map(|name| self.path(name));
        let [graph, out, allowed] = paths.each_ref().map(String::as_str);
        let words = ["run", graph, "--out", out, "--allow-native-packs", allowed];
        amdm(&[&words[..], &["--device", "cpu"], more].concat(), b"")
    }
}

#[test]
fn all_nodes_of_a_pack_and_its_operators_run() {
    let Some(scene) = Scene::new() else { return };
    let output = scene.run(&[]);
    assert!(output.status.success(), "{output:?}");
    let trace = trace(scene.0.path());
    assert_eq!(trace.matches("step\n").count(), 3, "{trace}");
    assert_eq!(trace.matches("init ").count(), 1, "{trace}");
    assert_eq!(trace.matches("destroy\n").count(), 3, "{trace}");
    let listed = amdm(&["packs", "--allow-native-packs", &scene.path("allowed.txt")], b"");
    let listed = text(&listed.stdout).lines().last().unwrap().to_owned();
    assert!(listed.starts_with("acme:traced@1.0.0  3 nodes  native code  "), "{listed}");
}

#[test]
fn the_variable_allows_as_the_option_does() {
    let Some(scene) = Scene::new() else { return };
    let nodes = |list: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_amdm"));
        command.arg("nodes").env_remove("AMDM_LOAD_NATIVE");
        command.envs(list.map(|list| ("AMDM_LOAD_NATIVE", list)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout).matches("acme.traced.").count()
    };
    assert_eq!(nodes(None), 0);
    assert_eq!(nodes(Some("")), 0);
    assert_eq!(trace(scene.0.path()), "");
    assert!(nodes(Some(&scene.path("allowed.txt"))) >= 3);
}

#[test]
fn a_sweep_is_not_continued_with_another_native_pack() {
    let Some(scene) = Scene::new() else { return };
    let sweep = ["--sweep", "text.text=a,b"];
    let resume = [&sweep[..], &["--resume"]].concat();
    let output = scene.run(&sweep);
    assert!(output.status.success(), "{output:?}");
    let output = scene.run(&resume);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text(&output.stdout), "", "a finished sweep ran again");
    scene.pack("0.25");
    let output = scene.run(&resume);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("pack acme:traced has changed [sweep_changed]"), "{said}");
}

/// Results are kept for other processes, and those of another file are others.
#[test]
fn results_behind_a_native_pack_are_kept_on_disk() {
    let Some(scene) = Scene::new() else { return };
    let kept = || {
        let output = scene.run(&["--cache", &scene.path("cache"), "--progress", "json"]);
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout).contains(r#""event":"cached""#)
    };
    assert!(!kept());
    assert!(kept());
    let steps = trace(scene.0.path()).matches("step\n").count();
    assert_eq!(steps, 3, "the second run took what the first left");
    scene.pack("0.25");
    kept();
    assert_eq!(trace(scene.0.path()).matches("step\n").count(), 6);
}
