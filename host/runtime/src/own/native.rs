//! Classes of nodes that come in a file of native code, and what is known of the file.
//!
//! What such a node does is known by the file's content, as that of a pack's nodes is: its results
//! may be kept for other processes, and a changed file is told from the one before. The names of
//! packs that a file brings are its own: nothing is added to them later.

use std::path::PathBuf;
use std::sync::Arc;

use amdm::catalogue::Descriptor;

use super::Node;

/// A class of nodes as it is registered.
pub struct Registration {
    /// What it is.
    pub descriptor: Descriptor,
    /// What it does.
    pub node: Arc<dyn Node>,
    /// Whether several runs may call it at once.
    pub concurrent: bool,
}

/// A file of native code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeFile {
    /// Where it was loaded from.
    pub path: PathBuf,
    /// SHA-256 of what was loaded.
    pub sha256: [u8; 32],
}

/// A pack whose nodes came in a file of native code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativePack {
    /// Name of the pack.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// Where they come from.
    pub file: NativeFile,
}
