//! What the library shows and leaves alone: its symbols are the header's functions, its header is C and
//! C++ without a warning and mostly documentation, and a process that runs a graph with it keeps its
//! signal handlers and its output to itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::behaviour::scene;
use crate::header::committed;
use crate::library::{api, description, graph, ok, open, path, run};
use crate::process::{alone, left_out, passed};

/// Set in the child process of [`a_run_leaves_the_process_alone`].
const CHILD: &str = "AMDM_SURFACE_CHILD";

/// Functions of the header: what stands between `Amdm... amdm_` and `(` outside comments and structs.
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

#[cfg(target_os = "linux")]
mod process {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    unsafe extern "C" {
        fn dup(fd: i32) -> i32;
        fn dup2(from: i32, to: i32) -> i32;
    }

    /// Signals that are caught, as the kernel lists them.
    pub fn caught() -> String {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        status.lines().find(|line| line.starts_with("SigCgt")).unwrap().to_owned()
    }

    /// What `work` writes to stdout and stderr, of whatever language.
    pub fn written(work: impl FnOnce()) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let to = File::options().append(true).open(file.path()).unwrap();
        let kept = [1, 2].map(|fd| (fd, unsafe { dup(fd) }));
        for (fd, _) in kept {
            assert!(unsafe { dup2(to.as_raw_fd(), fd) } >= 0);
        }
        work();
        for (fd, kept) in kept {
            assert!(unsafe { dup2(kept, fd) } >= 0);
        }
        std::fs::read_to_string(file.path()).unwrap()
    }
}

/// Runs in a process of its own: see below.
#[test]
#[cfg(target_os = "linux")]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let before = process::caught();
    let dir = tempfile::tempdir().unwrap();
    let work = || unsafe {
        let mut desc = description();
        desc.log_level = amdm_capi::AMDM_LOG_TRACE;
        let host = open(&desc);
        for json in [scene::graph(), scene::with("save", "filename_prefix", "../x".into())] {
            let graph = graph(host, &json);
            let out = crate::library::text(dir.path().to_str().unwrap());
            let mut desc = std::mem::zeroed::<amdm_capi::AmdmRunDesc>();
            desc.struct_size = size_of::<amdm_capi::AmdmRunDesc>();
            (desc.output_dir, desc.preview_ms) = (out.as_ptr(), 1);
            let mut run = std::ptr::null_mut();
            ok((api().run_create)(graph, &desc, &mut run));
            ok((api().run_start)(run));
            (api().run_wait)(run, -1);
            ok((api().graph_destroy)(graph));
            ok((api().run_destroy)(run));
        }
        let ran = run(graph(host, &scene::graph()));
        ok((api().run_execute)(ran));
        assert_eq!((api().run_destroy)(host.cast()), amdm_capi::AMDM_STATUS_INVALID_HANDLE);
        ok((api().host_destroy)(host));
    };
    let written = process::written(work);
    assert_eq!(process::caught(), before, "signal handlers");
    assert_eq!(written, "", "nothing is printed");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_leaves_the_process_alone() {
    passed(&alone("surface::child").env(CHILD, "1").output().unwrap());
}
