//! Every snippet of the READMEs compiles and runs as it stands.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::installed::{C, CPP, command, compiled, flags, has, library, prefix, ran, root};

/// The fenced blocks of a README: language and text.
fn blocks(readme: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join(readme)).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

fn of(readme: &str, language: &str) -> Vec<String> {
    let blocks = blocks(readme).into_iter().filter(|(name, _)| name == language);
    blocks.map(|(_, block)| block).collect()
}

const README: &str = "host/capi/README.md";

/// The C snippets by what they are: the last function or symbol that each has.
fn written(dir: &Path) -> Vec<(&'static str, PathBuf)> {
    let marks = [
        ("quickstart", "int main(void)"),
        ("load", "const AmdmApi *load("),
        ("node", "const AmdmNodeVtable INVERT ="),
        ("operator", "add_guidance_fade("),
        ("model", "add_grey("),
        ("pack", "amdm_pack_entry ="),
    ];
    let snippets = of(README, "c");
    assert_eq!(snippets.len(), marks.len());
    let write = |((name, mark), text): ((&'static str, &str), &String)| {
        assert!(text.contains(mark), "{name} is not where it was");
        let path = dir.join(format!("{name}.c"));
        std::fs::write(&path, text).unwrap();
        (name, path)
    };
    marks.into_iter().zip(&snippets).map(write).collect()
}

fn libraries() -> Vec<String> {
    let mut all = flags(&["--libs"]);
    if cfg!(target_os = "linux") {
        all.push("-ldl".into());
    }
    all
}

fn build(compiler: &[&str], sources: &[&Path], more: &[&str], out: &Path) {
    let libraries = libraries();
    let mut words = more.to_vec();
    words.extend(libraries.iter().map(String::as_str));
    compiled(compiler, sources, &words, out);
}

#[test]
fn the_quickstart_runs() {
    if !has("gcc") || !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let snippets = written(dir.path());
    std::fs::write(dir.path().join("graph.json"), &of(README, "json")[0]).unwrap();
    let program = dir.path().join("quickstart");
    build(&C, &[&snippets[0].1], &[], &program);
    let said = ran(command(&program).current_dir(dir.path()));
    assert!(said.contains("12 of 12\n32 x 32 pixels\n"), "{said}");
    assert!(dir.path().join("pictures/quickstart_00001_.png").is_file());
    // C++ takes the same text.
    if has("g++") {
        let cpp = dir.path().join("quickstart.cpp");
        std::fs::copy(&snippets[0].1, &cpp).unwrap();
        build(&CPP, &[&cpp], &[], &dir.path().join("quickstart-cpp"));
    }
}

#[test]
fn the_node_the_operator_and_the_model_work_together() {
    if !has("gcc") || !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let snippets = written(dir.path());
    let driver = root().join("tests/embed/snippets.c");
    let mut sources = vec![driver.as_path()];
    let own = ["load", "node", "operator", "model"];
    let used = snippets.iter().filter(|(name, _)| own.contains(name));
    sources.extend(used.map(|(_, path)| path.as_path()));
    let program = dir.path().join("together");
    build(&C, &sources, &[], &program);
    let said = ran(command(&program).arg(library()));
    assert_eq!(said, "guidance 5.0 to 1.0\npixel 191\n");
}

#[test]
fn the_native_pack_loads_where_its_hash_is_given() {
    if !has("gcc") || !has("python3") || !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let commands = of(README, "sh").into_iter().find(|text| text.contains("-shared")).unwrap();
    let commands = commands.replace("$HOME/amdm", prefix().to_str().unwrap());
    ran(command("sh").args(["-ec", &commands]).current_dir(dir.path()));
    let bytes = std::fs::read(dir.path().join("acme.so")).unwrap();
    let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = r#"
import sys, amdm
with amdm.Host() as host:
    try:
        host.load_pack("./acme.so", sha256="0" * 64, native=True)
        sys.exit("another hash was taken")
    except amdm.Error as error:
        assert error.name == "DENIED", error
    host.load_pack("./acme.so", sha256=sys.argv[1], native=True)
    assert "acme.image.Invert" in [node["type"] for node in host.node_schemas()]
"#;
    ran(python().args(["-c", text, &hash]).current_dir(dir.path()));
}

#[test]
fn the_shell_commands_are_those_that_work() {
    if !has("gcc") || !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    std::fs::write(dir.path().join("graph.json"), &of(README, "json")[0]).unwrap();
    for commands in of(README, "sh") {
        if commands.starts_with("cargo xtask install") {
            // What it does is run by everything here; this is whether it reads these words.
            let words = commands.split_whitespace().skip(3).collect::<Vec<_>>();
            xtask::install::Request::parse(&words).unwrap();
            continue;
        }
        let commands = commands.replace("$HOME/amdm", prefix().to_str().unwrap());
        ran(command("sh").args(["-ec", &commands]).current_dir(dir.path()));
    }
}

#[test]
fn cmake_builds_the_quickstart() {
    if !has("cmake") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    std::fs::write(dir.path().join("CMakeLists.txt"), &of(README, "cmake")[0]).unwrap();
    let find = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    ran(command("cmake").current_dir(dir.path()).args(["-B", "build", &find]));
    ran(command("cmake").current_dir(dir.path()).args(["--build", "build"]));
}

#[test]
fn cpp_snippets_run() {
    if !has("g++") || !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let include = format!("-I{}", root().join("examples/embed-cpp").display());
    for text in of(README, "cpp") {
        let source = dir.path().join("snippet.cpp");
        std::fs::write(&source, text).unwrap();
        build(&CPP, &[&source], &[&include], &dir.path().join("snippet"));
        assert_eq!(ran(&mut command(dir.path().join("snippet"))), "192 pixels wide\n");
    }
}

fn python() -> std::process::Command {
    let mut command = command("python3");
    command.env("PYTHONPATH", root().join("examples/embed-python"));
    command.env("AMDM_LIBRARY", library()).env("PYTHONDONTWRITEBYTECODE", "1").arg("-Werror");
    command
}

#[test]
fn python_snippets_run() {
    if !has("python3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("graph.json"), &of(README, "json")[0]).unwrap();
    let snippets = [README, "examples/embed-python/README.md"].map(|path| of(path, "python"));
    assert_eq!(snippets.concat().len(), 4);
    for text in snippets.concat() {
        let said = ran(python().args(["-c", &text]).current_dir(dir.path()));
        let events = said.contains("finished") && said.contains("(32, 32, 3)");
        let failed = said == "node 1 (acme.never.Never): Busy: not now [INTERNAL] True\n";
        assert!(events || failed || said == "(1, 4, 4, 3) 1.0\n", "{said}");
    }
}

/// No language goes by unnoticed.
#[test]
fn every_block_is_of_a_kind_that_is_tested() {
    let tested = ["c", "cpp", "python", "json", "sh", "cmake"];
    for (language, text) in blocks(README) {
        assert!(tested.contains(&language.as_str()), "{language}: {text}");
    }
    for text in of(README, "json") {
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}
