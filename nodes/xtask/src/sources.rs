//! The hash of everything that the compiled pack depends on.
//!
//! Files of the pack, of the SDK, of the maths and of the contract, in the order of their paths;
//! the toolchain file; the profile; and the versions of the crates that end up in the component or
//! write its code.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Files, and folders with everything below them.
const PATHS: [&str; 16] = [
    "nodes/amdm/Cargo.toml",
    "nodes/amdm/src",
    "nodes/sdk/Cargo.toml",
    "nodes/sdk/describe/Cargo.toml",
    "nodes/sdk/describe/src",
    "nodes/sdk/macro/Cargo.toml",
    "nodes/sdk/macro/src",
    "nodes/sdk/src",
    "rust-toolchain.toml",
    "src/catalogue",
    "src/error",
    "src/lib.rs",
    "src/math",
    "src/table.rs",
    "wit",
    "nodes/xtask/src/compile.rs",
];

/// Crates in the component, and those that write its code; others may change their versions freely.
const CRATES: [&str; 8] = [
    "cfg-if",
    "dlmalloc",
    "libm",
    "wit-bindgen",
    "wit-bindgen-core",
    "wit-bindgen-rust",
    "wit-bindgen-rust-macro",
    "wit-parser",
];

/// SHA-256 of the sources, in hexadecimal.
///
/// # Errors
/// Where a source cannot be read.
pub fn sha256(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for path in PATHS {
        collect(&root.join(path), &mut files)?;
    }
    let mut named = Vec::new();
    for file in files {
        let relative = file.strip_prefix(root).unwrap_or(&file);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        named.push((parts.join("/"), file));
    }
    named.sort();
    let mut digest = Sha256::new();
    for (name, file) in named {
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        add(&mut digest, &name, &bytes);
    }
    let workspace = read(&root.join("Cargo.toml"))?;
    for profile in ["release", "pack"] {
        add(&mut digest, profile, section(&workspace, profile).as_bytes());
    }
    add(&mut digest, "Cargo.lock", locked(&read(&root.join("Cargo.lock"))?).as_bytes());
    Ok(hex(&digest.finalize()))
}

/// SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn add(digest: &mut Sha256, name: &str, bytes: &[u8]) {
    digest.update(format!("{name}\0{}\0", bytes.len()));
    digest.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| path.display().to_string())? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// The lines of `[profile.NAME]` in a Cargo.toml.
fn section(toml: &str, profile: &str) -> String {
    let header = format!("[profile.{profile}]");
    let lines = toml.lines().skip_while(|line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('[')).collect::<Vec<_>>().join("\n")
}

/// Name and version of [`CRATES`] in a Cargo.lock.
fn locked(lock: &str) -> String {
    let mut text = String::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_matches(|letter: char| letter == '"' || letter.is_whitespace()))
        };
        let (Some(name), Some(version)) = (value("name = "), value("version = ")) else { continue };
        if CRATES.contains(&name) {
            text.push_str(&format!("{name} {version}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_profile_ends_at_the_next_header() {
        let toml = "[profile.pack]\na = 1\n\n[profile.release]\nb = 2\n";
        assert_eq!(super::section(toml, "pack").trim(), "a = 1");
        assert_eq!(super::section(toml, "dev"), "");
    }

    #[test]
    fn only_crates_of_the_pack_count() {
        let lock = "version = 4\n\n[[package]]\nname = \"libm\"\nversion = \"0.2.16\"\n\n\
                    [[package]]\nname = \"clap\"\nversion = \"4.6.0\"\n";
        assert_eq!(super::locked(lock), "libm 0.2.16\n");
    }
}
