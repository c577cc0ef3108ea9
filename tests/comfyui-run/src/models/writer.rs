//! Writes one file: all cores make values of a piece while nothing but the piece is in memory.

use std::fs::{self, File};
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::part::Part;
use super::tensor::{Keys, TensorRule};

const CHECKSUMS: &str = include_str!("../../../fixtures/comfyui-run/sd15/checksums.json");

/// Numbers made at once.
const PIECE: usize = 1 << 23;

/// Writes the file whole or not at all. A file whose hash is recorded must come out with it.
pub fn write(path: &Path, seed: u64, part: Part, keys: &Keys) -> Result<Proof> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".tmp");
    let partial = Path::new(&partial);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let written = write_all(partial, seed, part, keys);
    let hash = written.with_context(|| partial.display().to_string())?;
    let proof = match recorded_hash(&part.file(seed))? {
        Some(expected) => {
            ensure!(hash == expected, "{}: SHA-256 {hash}, expected {expected}", partial.display());
            Proof::Recorded
        }
        None => Proof::None,
    };
    fs::rename(partial, path).with_context(|| path.display().to_string())?;
    Ok(proof)
}

/// What shows that a written file is the one that the recorded runs used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Its SHA-256 is the recorded one.
    Recorded,
    /// No hash is recorded for its seed.
    None,
}

fn write_all(path: &Path, seed: u64, part: Part, keys: &Keys) -> Result<String> {
    let mut file = Hashed { file: File::create(path)?, hash: Sha256::new() };
    let header = header(keys);
    file.write(&(header.len() as u64).to_le_bytes())?;
    file.write(header.as_bytes())?;
    let mut piece = Vec::new();
    for (name, rule) in keys {
        for first in (0..rule.len()).step_by(PIECE) {
            let count = PIECE.min(rule.len() - first);
            piece.resize(rule.bytes() / rule.len() * count, 0);
            fill(&mut piece, rule, seed, part, name, first);
            file.write(&piece)?;
        }
    }
    Ok(hexadecimal(&file.hash.finalize()))
}

/// Shares a piece among the cores.
fn fill(piece: &mut [u8], rule: &TensorRule, seed: u64, part: Part, name: &str, first: usize) {
    let size = rule.bytes() / rule.len();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = (piece.len() / size).div_ceil(cores).max(1);
    thread::scope(|scope| {
        for (index, bytes) in piece.chunks_mut(share * size).enumerate() {
            scope.spawn(move || rule.fill(seed, part, name, first + index * share, bytes));
        }
    });
}

/// The header of the safetensors format, padded with blanks to 8 bytes.
fn header(keys: &Keys) -> String {
    let mut tensors = Map::new();
    let mut offset = 0;
    for (name, rule) in keys {
        let end = offset + rule.bytes();
        let entry =
            json!({"dtype": rule.dtype(), "shape": rule.shape, "data_offsets": [offset, end]});
        tensors.insert(name.clone(), entry);
        offset = end;
    }
    let mut text = Value::Object(tensors).to_string();
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    text
}

/// Whether a file of the expected length is there; `write` leaves no shorter one.
pub fn is_whole(path: &Path, keys: &Keys) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() == size(keys))
}

/// The length of a file in bytes.
pub fn size(keys: &Keys) -> u64 {
    let data: usize = keys.iter().map(|(_, rule)| rule.bytes()).sum();
    (8 + header(keys).len() + data) as u64
}

/// The SHA-256 that is recorded for a file of [`Part::file`], if one is.
fn recorded_hash(file: &str) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Checksums {
        files_sha256: Map<String, Value>,
    }
    let recorded: Checksums = serde_json::from_str(CHECKSUMS).context("the recorded hashes")?;
    Ok(recorded.files_sha256.get(file).and_then(Value::as_str).map(str::to_owned))
}

struct Hashed {
    file: File,
    hash: Sha256,
}

impl Hashed {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        Ok(self.file.write_all(bytes)?)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
