//! The library under a prefix, as `cargo xtask install` puts it there, and what builds against it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use xtask::install::{self, Request};

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// An installation that was moved after it was made.
pub fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embed");
        if dir.exists() {
            std::fs::remove_dir_all(&dir).unwrap();
        }
        let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let (first, built) = (dir.join("first"), built.to_str().unwrap().to_owned());
        let words = ["--prefix", first.to_str().unwrap(), "--artifacts", &built];
        let written = install::run(&root(), &Request::parse(&words).unwrap()).unwrap();
        assert!(written.iter().all(|path| path.starts_with(&first)), "{written:?}");
        let moved = dir.join("prefix");
        std::fs::rename(&first, &moved).unwrap();
        moved
    })
}

pub fn library() -> PathBuf {
    prefix().join(if cfg!(target_os = "macos") {
        "lib/libamdm.1.dylib"
    } else {
        "lib/libamdm.so.1"
    })
}

/// Whether a program is there. Where it is not, says that the test is skipped.
pub fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output();
    let there = there.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("skipped: {program} is not there");
    }
    there
}

/// A command that finds the installation and nothing else of ours.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    command.env("LD_LIBRARY_PATH", prefix().join("lib"));
    command.env("DYLD_LIBRARY_PATH", prefix().join("lib"));
    command.env_remove("RUST_BACKTRACE");
    command
}

/// Runs a command to its end, and gives what it printed.
pub fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) = told(&output);
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

pub fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What pkg-config says, in words.
pub fn flags(words: &[&str]) -> Vec<String> {
    let said = ran(command("pkg-config").args(words).arg("amdm"));
    said.split_whitespace().map(str::to_owned).collect()
}

pub const C: [&str; 6] = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];
pub const CPP: [&str; 6] = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Compiles and links a program.
pub fn compiled(compiler: &[&str], sources: &[&Path], arguments: &[&str], out: &Path) {
    let mut all = command(compiler[0]);
    all.args(&compiler[1..]).args(sources).args(flags(&["--cflags"])).arg("-o").arg(out);
    all.args(arguments);
    ran(&mut all);
}

#[test]
fn nothing_in_an_installation_names_the_place_where_it_was_made() {
    let prefix = prefix();
    let texts = [
        "include/amdm.h",
        "lib/pkgconfig/amdm.pc",
        "lib/cmake/amdm/amdm-config.cmake",
        "lib/cmake/amdm/amdm-config-version.cmake",
    ];
    for path in texts {
        let text = std::fs::read_to_string(prefix.join(path)).unwrap();
        for place in [root(), prefix.to_owned(), prefix.with_file_name("first")] {
            assert!(!text.contains(place.to_str().unwrap()), "{path} names {place:?}");
        }
    }
    let header = std::fs::read_to_string(prefix.join("include/amdm.h")).unwrap();
    assert_eq!(header, crate::header::committed());
    assert!(library().is_file() && prefix.join("lib/libamdm.a").is_file());
}

#[test]
fn an_installation_over_another_replaces_it_whole() {
    let dir = tempfile::tempdir().unwrap();
    let built = dir.path().join("built");
    std::fs::create_dir(&built).unwrap();
    let prefix = dir.path().join("prefix");
    let words = ["--prefix", prefix.to_str().unwrap(), "--artifacts", built.to_str().unwrap()];
    let request = Request::parse(&words).unwrap();
    assert!(install::run(&root(), &request).is_err(), "there is nothing to install");
    for content in ["old", "new"] {
        std::fs::write(built.join("libamdm_capi.so"), content).unwrap();
        std::fs::write(built.join("libamdm_capi.a"), content).unwrap();
        install::run(&root(), &request).unwrap();
        let through_link = std::fs::read_to_string(prefix.join("lib/libamdm.so")).unwrap();
        assert_eq!(through_link, content);
    }
    let names = std::fs::read_dir(prefix.join("lib")).unwrap();
    let mut names = names.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    names.sort();
    assert_eq!(names, ["cmake", "libamdm.a", "libamdm.so", "libamdm.so.1", "pkgconfig"]);
}

#[test]
fn a_prefix_may_have_blanks() {
    if !has("pkg-config") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("a prefix/lib/pkgconfig");
    std::fs::create_dir_all(&at).unwrap();
    std::fs::copy(prefix().join("lib/pkgconfig/amdm.pc"), at.join("amdm.pc")).unwrap();
    let include = dir.path().join("a prefix/include");
    std::fs::create_dir(&include).unwrap();
    std::fs::copy(prefix().join("include/amdm.h"), include.join("amdm.h")).unwrap();
    // As shells read it a second time.
    let check = r##"for word in "$@"; do case $word in -I*) ls "${word#-I}/amdm.h"; esac; done"##;
    let script = format!(r#"eval set -- "$(pkg-config --cflags amdm)"; {check}"#);
    let mut shell = command("sh");
    let said = ran(shell.args(["-c", &script]).env("PKG_CONFIG_PATH", &at));
    assert!(said.trim().ends_with("amdm.h"), "{said}");
}

#[test]
fn what_lacks_the_shared_library_installs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (built, prefix) = (dir.path().join("built"), dir.path().join("prefix"));
    std::fs::create_dir(&built).unwrap();
    std::fs::write(built.join("libamdm_capi.a"), "").unwrap();
    let words = ["--prefix", prefix.to_str().unwrap(), "--artifacts", built.to_str().unwrap()];
    let refused = install::run(&root(), &Request::parse(&words).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("found no shared library"), "{refused}");
    assert!(!prefix.exists());
}

#[test]
fn cmake_finds_it() {
    if !has("cmake") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let find = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    let source = root().join("examples/embed-cpp");
    ran(command("cmake").arg("-S").arg(source).arg("-B").arg(dir.path()).arg(find));
    ran(command("cmake").arg("--build").arg(dir.path()));
    assert!(dir.path().join("embed").is_file());
}
