//! Compiles the standard pack to a component, the same bytes in any directory.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// The target of packs.
pub const TARGET: &str = "wasm32-wasip2";

/// Builds package `amdm-nodes` and returns the component.
///
/// # Errors
/// Where the target is not installed (the message has the command that installs it) or the build
/// fails.
pub fn pack(root: &Path) -> Result<Vec<u8>> {
    require_target()?;
    let target_dir = target_dir(root);
    let status = Command::new(cargo())
        .current_dir(root)
        .args(["build", "--locked", "--package", "amdm-nodes", "--lib"])
        .args(["--target", TARGET, "--profile", "pack", "--target-dir"])
        .arg(&target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(root)?)
        .env_remove("RUSTFLAGS")
        .status()
        .context("cargo build")?;
    ensure!(status.success(), "cargo build ended with {status}");
    let path = target_dir.join(TARGET).join("pack").join(crate::manifest::WASM);
    std::fs::read(&path).with_context(|| path.display().to_string())
}

/// First line of `rustc --version`.
///
/// # Errors
/// Where rustc does not run.
pub fn rustc_version() -> Result<String> {
    rustc(&["--version"])
}

fn require_target() -> Result<()> {
    let libdir = rustc(&["--print", "target-libdir", "--target", TARGET])?;
    if !Path::new(&libdir).is_dir() {
        bail!(
            "target {TARGET} is not installed; install it with\n\n    rustup target add {TARGET}\n"
        );
    }
    Ok(())
}

/// Compiler flags: no path of this machine in the component.
fn flags(root: &Path) -> Result<OsString> {
    let mut flags = OsString::new();
    let mut remap = |from: &Path, to: &str| {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push(format!("={to}"));
    };
    let registry = cargo_home().join("registry/src");
    let entries = std::fs::read_dir(&registry).map(|entries| entries.flatten().collect());
    let mut sources: Vec<PathBuf> =
        entries.unwrap_or_else(|_| Vec::new()).iter().map(std::fs::DirEntry::path).collect();
    sources.sort();
    for source in sources {
        remap(&source, "/registry");
    }
    remap(root, "/amdm");
    Ok(flags)
}

fn target_dir(root: &Path) -> PathBuf {
    let chosen = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root.join(chosen.unwrap_or_else(|| PathBuf::from("target")))
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cargo_home() -> PathBuf {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return PathBuf::from(home);
    }
    let home = std::env::home_dir().unwrap_or_default();
    home.join(".cargo")
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(arguments).output().context("rustc")?;
    ensure!(output.status.success(), "rustc {arguments:?} ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
