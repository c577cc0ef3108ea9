//! Rebuilds and checks the embedded standard pack: `cargo xtask nodes`; and installs the C library:
//! [`install`].
//!
//! The compiled pack is committed (`nodes/prebuilt/amdm_nodes.wasm`), so building AMDM needs no
//! WebAssembly target. `MANIFEST.json` beside it records the component's hash and that of the
//! sources that it was built from; an ordinary test calls [`check_sources`] and fails where they
//! disagree. Builds are byte-reproducible in any directory: [`compile::pack`] remaps paths.

pub mod compile;
pub mod component;
pub mod install;
pub mod manifest;
pub mod readme;
pub mod sources;
pub mod wheel;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use manifest::Manifest;

/// The workspace's root directory.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Where the compiled pack and its manifest lie.
#[must_use]
pub fn prebuilt(root: &Path) -> PathBuf {
    root.join("nodes/prebuilt")
}

/// Builds the standard pack, checks it, and writes component, manifest and node table.
///
/// # Errors
/// Where the target is missing, the build fails, or the component is not what it must be.
pub fn build(root: &Path) -> Result<Manifest> {
    let wasm = compile::pack(root)?;
    let nodes = amdm_describe::describe(&root.join("wit"))?;
    component::check(&wasm, &amdm_describe::to_json(&nodes))?;
    let manifest = Manifest::of(&wasm, sources::sha256(root)?, compile::rustc_version()?);
    let dir = prebuilt(root);
    std::fs::create_dir_all(&dir)?;
    write(&dir.join(manifest::WASM), &wasm)?;
    write(&dir.join(manifest::FILE), manifest.to_json().as_bytes())?;
    readme::write(root, &amdm_describe::table(&nodes))?;
    Ok(manifest)
}

/// Rebuilds the standard pack and compares it, the manifest and the node table with what is
/// committed; writes none of them.
///
/// # Errors
/// Names the first difference.
pub fn check(root: &Path) -> Result<Manifest> {
    check_sources(root)?;
    let wasm = compile::pack(root)?;
    let nodes = amdm_describe::describe(&root.join("wit"))?;
    component::check(&wasm, &amdm_describe::to_json(&nodes))?;
    let rustc = compile::rustc_version()?;
    let built = Manifest::of(&wasm, sources::sha256(root)?, rustc);
    let committed = Manifest::read(root)?;
    ensure!(
        built == committed,
        "a rebuild gives {}, but the manifest says {}; run `cargo xtask nodes`",
        built.to_json(),
        committed.to_json()
    );
    let path = prebuilt(root).join(manifest::WASM);
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    ensure!(bytes == wasm, "{} differs from a rebuild; run `cargo xtask nodes`", path.display());
    readme::check(root, &amdm_describe::table(&nodes))?;
    Ok(built)
}

/// Whether the sources are those of the committed component, without building anything.
///
/// # Errors
/// Where they are not, or the committed component is not that of the manifest.
pub fn check_sources(root: &Path) -> Result<()> {
    let committed = Manifest::read(root)?;
    let found = sources::sha256(root)?;
    ensure!(
        found == committed.sources,
        "the standard pack's sources have hash {found}, but nodes/prebuilt was built from {}; run \
         `cargo xtask nodes` and commit nodes/prebuilt",
        committed.sources
    );
    let path = prebuilt(root).join(manifest::WASM);
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let hash = sources::hash(&bytes);
    ensure!(
        hash == committed.wasm,
        "{} has hash {hash}, but the manifest says {}",
        path.display(),
        committed.wasm
    );
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
