//! The libraries to install: built by cargo, which says where they lie, or found in a folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::layout;

/// Builds package `amdm-capi` and gives the files that came out.
///
/// # Errors
/// Where cargo fails.
pub fn build(root: &Path, profile: &str) -> Result<Vec<PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        // With the packages of a plain `cargo build`, so that nothing is compiled a second time for
        // it.
        .args(["build", "--package", "amdm", "--package", "amdm-cli", "--package", "amdm-capi"])
        .args(["--profile", profile])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the library does not build");
    Ok(named(&String::from_utf8_lossy(&output.stdout)))
}

/// The files that cargo's messages name for the library.
fn named(messages: &str) -> Vec<PathBuf> {
    let files = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = files.filter(|message| message["target"]["name"] == "amdm_capi");
    let files = files.flat_map(|message| {
        let names = message["filenames"].as_array().cloned().unwrap_or_default();
        names.into_iter().filter_map(|name| name.as_str().map(PathBuf::from)).collect::<Vec<_>>()
    });
    files.collect()
}

/// The libraries that lie in a folder, such as `target/release`.
///
/// # Errors
/// Where the folder cannot be read or has none.
pub fn lying_in(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if layout::kind(&path).is_some() {
            files.push(path);
        }
    }
    files.sort();
    ensure!(!files.is_empty(), "found no library of amdm-capi in {}", dir.display());
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::named;

    #[test]
    fn the_librarys_files_are_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"amdm"},"filenames":["/t/libamdm.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"amdm_capi"},"filenames":"#,
            r#"["/t/libamdm_capi.so","/t/libamdm_capi.a"]}"#,
            "\nnot a message\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let expected = ["/t/libamdm_capi.so", "/t/libamdm_capi.a"].map(PathBuf::from);
        assert_eq!(named(messages), expected);
    }
}
