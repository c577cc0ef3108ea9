//! Contents of the files that nodes read, as keys see them.
//!
//! A content is known by its SHA-256. Of weight files, which may have gigabytes, it is remembered
//! for as long as path, size and time of change stay the same; pictures are read each time.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::cancel::Cancel;

/// Bytes read at a time; the run may be stopped between two.
const BLOCK: usize = 1 << 20;
/// A file that was changed this shortly ago may change again without another time of change: file
/// systems count in steps of up to two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// Something outside the graph that a node looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    /// A picture of the input directory.
    Picture(String),
    /// A value in memory by name, which is no picture.
    Given(String),
    /// A network by name.
    Model(String),
    /// A small weight set by name.
    Adapter(String),
    /// A codec in a file of its own, by name.
    Codec(String),
    /// What no key can hold, such as lists of names.
    Other,
}

/// What a file looked like: when it was changed, and its bytes.
pub(crate) type Stamp = (SystemTime, u64);

/// Known contents.
#[derive(Default)]
pub(crate) struct Files(Mutex<HashMap<PathBuf, (Stamp, [u8; 32])>>);

impl Files {
    /// The content of the file at `path`, and what the file looked like then. None where it is no
    /// regular file or cannot be read, where it changed meanwhile, or where the run was stopped.
    pub fn content(
        &self,
        path: &Path,
        remember: bool,
        cancel: &Cancel,
    ) -> Option<([u8; 32], Stamp)> {
        let stamp = stamp(path)?;
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, content)) = known().get(path).filter(|(at, _)| remember && *at == stamp) {
            return Some((*content, *at));
        }
        let content = digest(path, cancel)?;
        if self::stamp(path)? != stamp {
            return None;
        }
        if remember && stamp.0.elapsed().is_ok_and(|age| age > SETTLED) {
            known().insert(path.to_owned(), (stamp, content));
        }
        Some((content, stamp))
    }
}

/// What the file at `path` looks like now.
pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn digest(path: &Path, cancel: &Cancel) -> Option<[u8; 32]> {
    let mut file = File::open(path).ok()?;
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        if cancel.is_set() {
            return None;
        }
        match file.read(&mut block).ok()? {
            0 => return Some(hash.finalize().into()),
            read => hash.update(&block[..read]),
        }
    }
}
