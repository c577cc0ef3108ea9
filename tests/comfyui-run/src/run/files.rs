//! The model files that graphs name: which are missing, and whether there is room for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde_json::{Map, Value};

use crate::models::{self, Keys, Part};

/// Files that are missing in a models folder.
#[derive(Debug)]
pub struct ModelFiles {
    /// Their bytes.
    pub bytes: u64,
    /// Seed, part, path and tensors of each.
    pub missing: Vec<(u64, Part, PathBuf, Keys)>,
}

/// The files that a graph's inputs name, by seed.
pub fn named(nodes: &Map<String, Value>) -> BTreeSet<(u64, Part)> {
    let inputs = nodes.values().filter_map(|node| node["inputs"].as_object());
    let texts = inputs.flat_map(Map::values).filter_map(Value::as_str);
    texts.flat_map(Part::named_in).collect()
}

impl ModelFiles {
    /// Those of `files` that are not in `folder` in full length.
    pub fn missing(folder: &Path, files: &BTreeSet<(u64, Part)>) -> Result<Self> {
        let mut found = Self { bytes: 0, missing: Vec::new() };
        for &(seed, part) in files {
            let keys = models::keys(part)?;
            let path = folder.join(part.file(seed));
            if !models::is_whole(&path, &keys) {
                found.bytes += models::size(&keys);
                found.missing.push((seed, part, path, keys));
            }
        }
        Ok(found)
    }

    /// An error where the disk has no room for them.
    pub fn fit(&self, folder: &Path) -> Result<()> {
        if let Some(free) = free(folder) {
            let (bytes, folder) = (self.bytes, folder.display());
            ensure!(bytes < free, "{folder}: {free} bytes are free, expected more than {bytes}");
        }
        Ok(())
    }
}

/// Bytes that a file in the folder may take; the folder need not exist yet.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(there).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Unknown on other systems: writing fails where the disk is full.
#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_named_by_inputs_and_within_prompts() {
        let graph = json!({
            "a": {"inputs": {"ckpt_name": "gen_sd15_s2.safetensors", "seed": 3, "x": ["gen_vae_s9", 0]}},
            "b": {"inputs": {"text": "a (embedding:gen_emb_s2:1.2), embedding:gen_emb_s13 gen_emb_s"}},
            "c": {"inputs": {"lora_name": "sub\\gen_lora_b_s1.safetensors"}},
        });
        let expected =
            [(1, Part::LoraB), (2, Part::Checkpoint), (2, Part::Embedding), (13, Part::Embedding)];
        assert_eq!(named(graph.as_object().unwrap()), BTreeSet::from(expected));
    }

    #[test]
    fn missing_files_are_counted_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let files = BTreeSet::from([(1, Part::Embedding), (7, Part::Embedding)]);
        let found = ModelFiles::missing(folder.path(), &files).unwrap();
        assert_eq!((found.missing.len(), found.bytes), (2, 2 * 4688));
        let (seed, part, path, keys) = &found.missing[0];
        models::write(path, *seed, *part, keys).unwrap();
        let found = ModelFiles::missing(folder.path(), &files).unwrap();
        assert_eq!((found.missing.len(), found.bytes, found.missing[0].0), (1, 4688, 7));
        found.fit(folder.path()).unwrap();
        let huge = ModelFiles { bytes: u64::MAX, missing: Vec::new() };
        let error = huge.fit(&folder.path().join("not/there")).unwrap_err().to_string();
        assert!(
            error.contains("bytes are free, expected more than 18446744073709551615"),
            "{error}"
        );
    }
}
