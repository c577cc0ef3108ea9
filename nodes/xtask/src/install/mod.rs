//! `cargo xtask install`: the C library under a prefix, for programs that know nothing of this
//! repository.
//!
//! 1. [`request`]: what the command line asks for.
//! 2. [`artifacts`]: the library, built here or built before.
//! 3. [`layout`]: which file goes where on which system.
//! 4. [`metadata`]: what pkg-config and CMake read.
//!
//! An installation can be moved: nothing in it names the prefix. Files appear whole or not at all,
//! so that a program that has the old library open keeps it.

pub mod artifacts;
pub mod layout;
pub mod metadata;
pub mod request;

use std::path::{Path, PathBuf};

#[cfg(not(unix))]
use anyhow::ensure;
use anyhow::{Context, Result};

use layout::Layout;
pub use request::{Misuse, Request};

/// Installs, and says which files are there now. What is missing is found before anything is
/// written.
///
/// # Errors
/// Where the library does not build, or a file cannot be written.
pub fn run(root: &Path, request: &Request) -> Result<Vec<PathBuf>> {
    let built = match &request.artifacts {
        Some(dir) => artifacts::lying_in(dir)?,
        None => artifacts::build(root, &request.profile)?,
    };
    let layout = Layout::of(&built)?;
    let header = root.join("host/capi/include/amdm.h");
    for file in layout.placed().map(|placed| &placed.from).chain([&header]) {
        std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let mut written = vec![copy(&header, &request.prefix.join("include/amdm.h"))?];
    for placed in layout.placed() {
        written.push(copy(&placed.from, &request.prefix.join(placed.path))?);
    }
    if let Some(link) = layout.link {
        written.push(symlink(layout.shared.path, &request.prefix.join(link))?);
    }
    for (path, text) in metadata::files(&layout) {
        written.push(put(&request.prefix.join(path), text.as_bytes())?);
    }
    Ok(written)
}

fn copy(from: &Path, to: &Path) -> Result<PathBuf> {
    whole(to, |place| {
        std::fs::copy(from, place).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    })
}

fn put(to: &Path, bytes: &[u8]) -> Result<PathBuf> {
    whole(to, |place| Ok(std::fs::write(place, bytes)?))
}

/// Writes beside the target, then moves.
fn whole(to: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let dir = to.parent().context("a file without a folder")?;
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let name = to.file_name().context("a path without a name")?.to_string_lossy();
    let new = dir.join(format!(".{name}.new"));
    let done = write(&new).and_then(|()| Ok(std::fs::rename(&new, to)?));
    if done.is_err() {
        // What is half written is of no use; the error that counts is the first.
        let _ = std::fs::remove_file(&new);
    }
    done.with_context(|| format!("cannot write {}", to.display()))?;
    Ok(to.to_path_buf())
}

/// A link to the file of that name beside it.
#[cfg(unix)]
fn symlink(target: &str, link: &Path) -> Result<PathBuf> {
    let name = Path::new(target).file_name().context("a path without a name")?;
    whole(link, |place| {
        if place.is_symlink() {
            std::fs::remove_file(place)?;
        }
        Ok(std::os::unix::fs::symlink(name, place)?)
    })
}

/// Where links are not at hand, for installing another system's library: a second copy.
#[cfg(not(unix))]
fn symlink(target: &str, link: &Path) -> Result<PathBuf> {
    let name = Path::new(target).file_name().context("a path without a name")?;
    let from = link.parent().context("a file without a folder")?.join(name);
    ensure!(from.is_file(), "{} is missing", from.display());
    copy(&from, link)
}
