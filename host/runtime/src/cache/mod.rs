//! Results of nodes, kept for the runs to come: in memory for all runs of a host, on disk for all
//! processes.
//!
//! A result is found by what it was made of (see [`key`]), never by where it stands in a graph. What
//! is kept is what the node set, to the bit; what cannot be kept or read back is made again. No
//! trouble with a cache ends a run.

mod checkpoint;
mod disk;
mod files;
mod format;
mod key;
mod memory;
mod origins;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use amdm::graph::CheckedNode;
use amdm_diffusion::Device;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::checkpoint::{Checkpoints, NUMBERS};
use self::disk::Disk;
pub(crate) use self::files::{Files, Read};
pub(crate) use self::key::{Code, Key, Keys, NodeKey, Sources};
use self::memory::Memory;
pub(crate) use self::origins::origins;
use crate::value::Value;

/// Where results are kept, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultCache {
    /// Bytes of values kept in memory for all runs of the host; 0 keeps none.
    pub memory_bytes: usize,
    /// Directory of results, shared by any number of processes; none keeps nothing on disk.
    pub dir: Option<PathBuf>,
    /// Bytes of all files below the directory.
    pub disk_bytes: u64,
    /// How often a node may keep unfinished work on disk, from which a run goes on that was broken off.
    pub checkpoints: Duration,
}

impl ResultCache {
    /// Bytes in memory where nothing else is said: a few hundred images, or latents by the thousand.
    pub const MEMORY_BYTES: usize = 512 << 20;
    /// Bytes on disk where nothing else is said.
    pub const DISK_BYTES: u64 = 4 << 30;
    /// Time between checkpoints where nothing else is said.
    pub const CHECKPOINTS: Duration = Duration::from_secs(10);

    /// Keeps nothing.
    pub fn off() -> Self {
        Self { memory_bytes: 0, ..Self::default() }
    }
}

impl Default for ResultCache {
    fn default() -> Self {
        Self {
            memory_bytes: Self::MEMORY_BYTES,
            dir: None,
            disk_bytes: Self::DISK_BYTES,
            checkpoints: Self::CHECKPOINTS,
        }
    }
}

/// Where a node's result came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheState {
    /// The node ran.
    Ran,
    /// An earlier run of this host left it in memory.
    Memory,
    /// An earlier run left it on disk.
    Disk,
}

/// What a node gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// Outputs by slot.
    pub outputs: Vec<(usize, Value)>,
    /// What it had editors show, as JSON.
    pub ui: Vec<serde_json::Value>,
}

impl Entry {
    /// Whether it has all outputs of `slots`, each of the type that the node declares.
    fn serves(&self, node: &CheckedNode, slots: &[usize]) -> bool {
        let declared = |(slot, value): &(usize, Value)| {
            let outputs = &node.descriptor.outputs;
            outputs.get(*slot).is_some_and(|output| value.fits(&output.r#type))
        };
        let has = |slot: &usize| self.outputs.iter().any(|(set, _)| set == slot);
        self.outputs.iter().all(declared) && slots.iter().all(has)
    }
}

/// The results that a host keeps.
pub(crate) struct Results {
    memory: Memory,
    disk: Option<Disk>,
    checkpoints: Duration,
    /// Contents of files, by what they looked like when they were read.
    pub files: Files,
}

impl Results {
    /// As `options` say. Nothing is opened yet.
    pub fn new(options: &ResultCache) -> Self {
        let disk = options.dir.as_ref().filter(|_| options.disk_bytes > 0);
        Self {
            memory: Memory::new(options.memory_bytes),
            disk: disk.map(|dir| Disk::new(dir.clone(), options.disk_bytes)),
            checkpoints: options.checkpoints,
            files: Files::default(),
        }
    }

    /// Keeps the limit on disk before a run.
    pub fn settle(&self) {
        self.disk.iter().for_each(Disk::settle);
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.memory.is_on() || self.disk.is_some()
    }

    /// The result of `key` with at least the outputs of `slots`.
    pub fn get(
        &self,
        key: &NodeKey,
        node: &CheckedNode,
        slots: &[usize],
        device: &Device,
    ) -> Option<(Arc<Entry>, CacheState)> {
        if let Some(entry) = self.memory.get(&key.key).filter(|entry| entry.serves(node, slots)) {
            return Some((entry, CacheState::Memory));
        }
        let disk = self.disk.as_ref().filter(|_| key.portable)?;
        let entry = Arc::new(disk.get(&key.key, device)?);
        if !entry.serves(node, slots) {
            tracing::debug!(node = %node.id, "a result on disk lacks what is wanted");
            return None;
        }
        self.memory.put(key.key, &entry);
        Some((entry, CacheState::Disk))
    }

    /// Keeps a result; says whether it is wherever it may be.
    pub fn put(&self, key: &NodeKey, entry: &Arc<Entry>) -> bool {
        if key.lent && !entry.outputs.iter().all(|(_, value)| value.is_plain()) {
            return true;
        }
        self.memory.put(key.key, entry);
        let disk = self.disk.as_ref().filter(|_| key.portable);
        disk.is_none_or(|disk| disk.put(&key.key, entry))
    }

    /// Why nothing more is kept on disk, told once.
    pub fn warning(&self) -> Option<String> {
        self.disk.as_ref()?.warning()
    }
}
