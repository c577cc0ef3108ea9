//! `nodes/prebuilt/MANIFEST.json`: what the committed component is, and what it was built from.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::sources;

/// File name of the component.
pub const WASM: &str = "amdm_nodes.wasm";
/// File name of the manifest.
pub const FILE: &str = "MANIFEST.json";

/// The manifest's fields. Hashes are SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Hash of the component.
    pub wasm: String,
    /// Size of the component in bytes.
    pub bytes: u64,
    /// Hash of the sources; see [`crate::sources`].
    pub sources: String,
    /// First line of `rustc --version`.
    pub rustc: String,
}

impl Manifest {
    /// The manifest of a component.
    #[must_use]
    pub fn of(wasm: &[u8], sources: String, rustc: String) -> Self {
        Self { wasm: sources::hash(wasm), bytes: wasm.len() as u64, sources, rustc }
    }

    /// The committed manifest.
    ///
    /// # Errors
    /// Where it is missing or not of this form.
    pub fn read(root: &Path) -> Result<Self> {
        let path = crate::prebuilt(root).join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let json: Value = serde_json::from_str(&text)?;
        let field = |name: &str| {
            let value = json.get(name).and_then(Value::as_str).map(str::to_owned);
            value.with_context(|| format!("{}: no text `{name}`", path.display()))
        };
        Ok(Self {
            wasm: field("sha256")?,
            bytes: json.get("bytes").and_then(Value::as_u64).context("no number `bytes`")?,
            sources: field("sources_sha256")?,
            rustc: field("rustc")?,
        })
    }

    /// The file's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = json!({
            "file": WASM,
            "bytes": self.bytes,
            "sha256": self.wasm,
            "sources_sha256": self.sources,
            "rustc": self.rustc,
        });
        format!("{json:#}\n")
    }
}
