//! What the library shows and leaves alone: its symbols are the header's functions, its header is C
//! and C++ without a warning and mostly documentation, and a process that runs graphs with it keeps
//! its signals, its allocator and its output to itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::behaviour::scene;
use crate::header::committed;
use crate::library::path;
use crate::process::{C_FLAGS, left_out};

/// Functions of the header: what stands between `Amdm... amdm_` and `(` outside comments and
/// structs.
fn documented() -> BTreeSet<String> {
    let header = committed();
    let prototypes = header.split("extern \"C\" {").nth(1).unwrap();
    let lines = prototypes.lines().filter(|line| !line.starts_with("//"));
    let names = lines.filter_map(|line| {
        let name = line.split_once('(')?.0.rsplit([' ', '*']).next()?;
        name.starts_with("amdm_").then(|| name.to_owned())
    });
    names.collect()
}

/// Functions of the table: fields of `AmdmApi`.
fn listed() -> BTreeSet<String> {
    let header = committed();
    let table = header.split("} AmdmApi;").next().unwrap();
    let table = table.rsplit("typedef struct {").next().unwrap();
    let fields = table.lines().filter_map(|line| line.split_once("(*")?.1.split_once(')'));
    fields.map(|(name, _)| format!("amdm_{name}")).collect()
}

#[test]
fn the_table_holds_all_functions_but_its_own() {
    let mut documented = documented();
    assert!(documented.remove("amdm_get_api"));
    assert_eq!(listed(), documented);
}

#[test]
#[cfg(target_os = "linux")]
fn exported_symbols_are_the_documented_ones() {
    let Ok(output) = Command::new("nm").args(["-D", "--defined-only"]).arg(path()).output() else {
        left_out("exported symbols, as there is no nm");
        return;
    };
    let symbols = String::from_utf8(output.stdout).unwrap();
    let symbols = symbols.lines().filter_map(|line| line.split_whitespace().nth(2));
    let symbols = symbols.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(symbols, documented());
}

#[test]
fn the_header_is_c_and_c_plus_plus() {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let dir = tempfile::tempdir().unwrap();
    let source = "#include <amdm.h>\nint main(void) { return amdm_abi_version() == 0; }\n";
    for (compiler, standard, file) in [("gcc", "c99", "a.c"), ("g++", "c++17", "a.cpp")] {
        let file = dir.path().join(file);
        std::fs::write(&file, source).unwrap();
        let mut compile = Command::new(compiler);
        compile.arg(format!("-std={standard}"));
        compile.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-I"]);
        match compile.arg(&include).arg(&file).output() {
            Err(_) => left_out(&format!("the header, as there is no {compiler}")),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{compiler}: {said}");
            }
        }
    }
}

#[test]
fn much_of_the_header_is_documentation() {
    let header = committed();
    let lines = header.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>();
    let told = lines.iter().filter(|line| line.trim_start().starts_with(['/', '*'])).count();
    let share = told as f64 / lines.len() as f64;
    assert!(share >= 0.45, "found {told} of {} lines", lines.len());
    // Each function says on which threads it may be called.
    let prototypes = header.split("extern \"C\" {").nth(1).unwrap();
    assert_eq!(prototypes.matches("\\thread ").count(), documented().len());
}

/// Seeds of lanes are the ones that samplings take.
#[test]
fn lanes_have_their_seeds() {
    let seed_of = crate::library::api().lane_seed;
    for seed in [0, 1, 42, amdm::rng::SEED_MAX, u64::MAX] {
        assert_eq!(seed_of(seed, 0), seed);
        for lane in [1, 2, 63, u32::MAX] {
            assert_eq!(seed_of(seed, lane), amdm::rng::lane_seed(seed, lane), "{seed}, {lane}");
        }
    }
}

/// A program in C that opens the library, runs graphs well and badly, and looks at itself.
#[test]
#[cfg(target_os = "linux")]
fn a_process_that_uses_the_library_stays_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("quiet");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut compile = Command::new("gcc");
    compile.args(C_FLAGS).arg("-I").arg(here.join("include"));
    compile.arg(here.join("../../tests/embed/quiet.c")).arg("-o").arg(&program).arg("-ldl");
    let Ok(output) = compile.output() else { return left_out("signals, as there is no gcc") };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let graph = dir.path().join("graph.json");
    std::fs::write(&graph, scene::graph().to_string()).unwrap();
    let out = dir.path().join("out");
    let output = Command::new(program).arg(path()).arg(graph).arg(&out).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert_eq!(said, ["the same\n", ""], "{}", output.status);
    assert_eq!(std::fs::read_dir(out).unwrap().count(), 2);
}
