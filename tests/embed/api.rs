//! `host/native/src/pack/api.rs`, the table of all functions, is what the functions say.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::left_out;

const HEAD: &str = r#"//! All functions as one table, for packs and for programs that open the library themselves.
//!
//! Written by `AMDM_ACCEPT=1 cargo test -p amdm-capi --test embed api`, which finds the functions.

use std::ffi::{c_char, c_void};

use crate::*;

/// The functions of the library, under their names without `amdm_`; they are described at those.
/// Functions are only ever added at the end: look at `struct_size` before using a later one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmApi {
    /// Bytes of this table.
    pub struct_size: usize,
"#;

fn native() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../native/src")
}

/// All source files of the crate.
pub fn sources(dir: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(sources(&path)),
            false => all.push(std::fs::read_to_string(path).unwrap()),
        }
    }
    all
}

/// Types of the exported functions, by their names without `amdm_`.
fn functions() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for source in sources(&native()) {
        for exported in source.split("#[unsafe(no_mangle)]\npub ").skip(1) {
            let (signature, _) = exported.split_once(" {\n").unwrap();
            let (before, after) = signature.split_once("fn amdm_").unwrap();
            let (name, parameters) = after.split_once('(').unwrap();
            all.insert(name.to_owned(), format!("{before}fn({parameters}"));
        }
    }
    all
}

fn formatted(source: &str) -> Option<String> {
    let mut format = Command::new("rustfmt");
    format.args(["--edition", "2024", "--config-path"]);
    format.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rustfmt.toml"));
    let format = format.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut format) = format else { return None };
    format.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    Some(String::from_utf8(format.wait_with_output().unwrap().stdout).unwrap())
}

/// Functions keep their places and new ones come last. With `AMDM_ACCEPT=1` the table is written in
/// place of being compared.
#[test]
fn the_table_is_what_the_functions_say() {
    let path = native().join("pack/api.rs");
    let committed = std::fs::read_to_string(&path).unwrap();
    let mut functions = functions();
    assert!(functions.remove("get_api").is_some(), "it gives the table and is not in it");
    let known = committed.lines().filter_map(|line| line.trim().strip_prefix("pub "));
    let known = known.filter_map(|field| Some(field.split_once(':')?.0.to_owned()));
    let known = known.filter(|name| functions.contains_key(name)).collect::<Vec<_>>();
    let new = functions.keys().filter(|name| !known.contains(name)).cloned().collect::<Vec<_>>();
    let (mut table, mut place) = (HEAD.to_owned(), String::new());
    for name in known.iter().chain(&new) {
        let pointer = &functions[name];
        table.push_str(&format!("/// `amdm_{name}`.\npub {name}: {pointer},\n"));
        place.push_str(&format!("{name}: amdm_{name},\n"));
    }
    table.push_str("}\n\n/// The table.\npub(crate) static API: AmdmApi = AmdmApi {\nstruct_size: size_of::<AmdmApi>(),\n");
    table.push_str(&format!("{place}}};\n"));
    let Some(table) = formatted(&table) else {
        return left_out("the table of functions, as there is no rustfmt");
    };
    if std::env::var_os("AMDM_ACCEPT").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    let first = table.lines().zip(committed.lines()).find(|(table, committed)| table != committed);
    assert!(
        table == committed,
        "the table is another one, first at {first:?}: AMDM_ACCEPT=1 writes it"
    );
}
