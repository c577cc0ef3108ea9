//! The file that `amdm run --dump` writes of an output.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use safetensors::SafeTensors;

use super::numbers::Numbers;

/// A safetensors file: tensors, and texts by name.
#[derive(Debug)]
pub(super) struct Dump {
    tensors: BTreeMap<String, Numbers>,
    texts: HashMap<String, String>,
}

impl Dump {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(anyhow!("missing file {}", path.display()));
            }
            bytes => bytes.with_context(|| path.display().to_string())?,
        };
        Self::parse(&bytes).with_context(|| path.display().to_string())
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let tensors = file.iter().map(|(name, tensor)| {
            let numbers = Numbers::read(&tensor).with_context(|| format!("tensor {name}"));
            Ok((name.to_owned(), numbers?))
        });
        let texts = header.metadata().clone().unwrap_or_default();
        Ok(Self { tensors: tensors.collect::<Result<_>>()?, texts })
    }

    /// All tensors by name.
    pub(super) fn tensors(&self) -> &BTreeMap<String, Numbers> {
        &self.tensors
    }

    /// An error that says which tensors there are where this one is not.
    pub(super) fn tensor(&self, name: &str) -> Result<&Numbers> {
        self.tensors.get(name).with_context(|| {
            let there = self.tensors.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let there = if there.is_empty() { "none" } else { &there };
            format!("no tensor {name} in the file; there: {there}")
        })
    }

    /// A field that is no tensor.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// How many entries a list of conditions has: one more than the highest number before a `/`.
    pub(super) fn entries(&self) -> usize {
        let names = self.tensors.keys().chain(self.texts.keys());
        let entries = names.filter_map(|name| name.split_once('/')?.0.parse::<usize>().ok());
        entries.max().map_or(0, |last| last.saturating_add(1))
    }
}

/// The name of the file of an output, `<node>.<slot>`: other bytes of the node's id than letters,
/// digits, `_` and `-` are percent-encoded.
pub fn file_name(output: &str) -> String {
    let (node, slot) = output.rsplit_once('.').unwrap_or((output, "0"));
    let mut name = String::new();
    for byte in node.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{name}.{slot}.safetensors")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_nodes_are_percent_encoded() {
        assert_eq!(file_name("ks.0"), "ks.0.safetensors");
        assert_eq!(file_name("a_b-C9.12"), "a_b-C9.12.safetensors");
        assert_eq!(file_name("12:3.1"), "12%3A3.1.safetensors");
        assert_eq!(file_name("a.b/c.0"), "a%2Eb%2Fc.0.safetensors");
        assert_eq!(file_name("ü%.0"), "%C3%BC%25.0.safetensors");
    }
}
