//! Results on disk, for any number of processes: `results/<2 hex>/<hex>`, named by their keys.
//!
//! A file is written under a temporary name beside its place and renamed, so that whoever reads it
//! finds all of it or nothing. What is cut, damaged or somebody else's is passed over and replaced.
//! The files used longest ago go first when there are too many bytes, before the first run and
//! while files are written; a hit renews a file's time. After the first failure to write nothing
//! more is kept, with one warning: what is there still serves, so a directory may be read-only.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use amdm_diffusion::Device;

use super::{Entry, Key, format};
use crate::unfinished;

/// Folder of results below the cache's directory.
const RESULTS: &str = "results";
/// Bytes of one file: a tensor of the largest size, and what stands around it.
const ENTRY_BYTES: u64 = amdm::limits::TENSOR_BYTES as u64 + (64 << 20);
/// Of the limit: what is left after too much was removed, so that not every write removes some.
const KEPT: f64 = 0.9;
/// Of the limit: what may be written before the files are counted again, as others write too.
const RECOUNT: f64 = 1.0 / 16.0;

/// One directory of results.
pub(super) struct Disk {
    dir: PathBuf,
    limit: u64,
    size: Mutex<Size>,
    /// Why nothing is written any more.
    broken: OnceLock<String>,
    told: AtomicBool,
}

#[derive(Default)]
struct Size {
    counted: bool,
    /// Bytes of all files, as far as known.
    bytes: u64,
    /// Bytes written since they were counted.
    written: u64,
}

struct Found {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Disk {
    /// Results below `dir`, at most `limit` bytes of them.
    pub fn new(dir: PathBuf, limit: u64) -> Self {
        let (size, broken, told) = (Mutex::default(), OnceLock::new(), AtomicBool::new(false));
        Self { dir, limit, size, broken, told }
    }

    /// Why nothing is written, told once.
    pub fn warning(&self) -> Option<String> {
        let broken = self.broken.get()?;
        (!self.told.swap(true, Ordering::Relaxed)).then(|| {
            let message = format!("results are not kept: {broken}");
            tracing::warn!("{message}");
            message
        })
    }

    /// Keeps the limit, whoever wrote what is there, and clears away what killed processes left;
    /// does something only once.
    pub fn settle(&self) {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if !size.counted {
            self.trim(&mut size);
        }
    }

    /// The result of `key`.
    pub fn get(&self, key: &Key, device: &Device) -> Option<Entry> {
        let path = self.path(key);
        // Opening a pipe would wait for a writer.
        fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let mut file = File::open(&path).ok()?;
        let bytes = match read(&mut file) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::debug!(?path, %error, "a result on disk cannot be read");
                return None;
            }
        };
        let entry = format::decode(key, &bytes, device);
        match entry {
            Some(_) => drop(renew(&file, &path)),
            None => tracing::debug!(?path, "a result on disk is damaged or foreign"),
        }
        entry
    }

    /// Keeps a result, if it has a form on disk; false where that failed.
    pub fn put(&self, key: &Key, entry: &Entry) -> bool {
        if self.broken.get().is_some() {
            return false;
        }
        let Some(bytes) = format::encode(key, entry, ENTRY_BYTES.min(self.limit)) else {
            return true;
        };
        if let Err(error) = self.write(&self.path(key), &bytes) {
            let message = format!("cannot write below {}: {error}", self.dir.display());
            let _ = self.broken.set(message);
            return false;
        }
        self.grown(bytes.len() as u64);
        true
    }

    /// Forgets a result.
    pub fn remove(&self, key: &Key) {
        // It may not be there, or stay: it is found by its key alone.
        let _ = fs::remove_file(self.path(key));
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = key.to_string();
        self.dir.join(RESULTS).join(&name[..2]).join(name)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder)?;
        let mut file = unfinished::create(folder)?;
        file.write_all(bytes)?;
        match file.into_temp_path().persist(path) {
            // Somebody made a directory of that name: it is in the way of this result alone.
            Err(_) if path.is_dir() => Ok(()),
            persisted => persisted.map_err(|error| error.error),
        }
    }

    /// Counts what was written, and removes what is too much.
    fn grown(&self, bytes: u64) {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        size.bytes = size.bytes.saturating_add(bytes);
        size.written = size.written.saturating_add(bytes);
        let recount = size.written as f64 > self.limit as f64 * RECOUNT;
        if !size.counted || size.bytes > self.limit || recount {
            self.trim(&mut size);
        }
    }

    /// Counts all files, and removes those used longest ago where they are too many.
    fn trim(&self, size: &mut Size) {
        let mut found = found(&self.dir.join(RESULTS));
        let mut total = found.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
        if total > self.limit {
            found.sort_by_key(|file| file.used);
            for file in &found {
                if total as f64 <= self.limit as f64 * KEPT {
                    break;
                }
                match fs::remove_file(&file.path) {
                    // What cannot be removed is still there.
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {}
                    _ => total -= file.bytes,
                }
            }
        }
        *size = Size { counted: true, bytes: total, written: 0 };
    }
}

fn read(file: &mut File) -> std::io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > ENTRY_BYTES {
        return Err(std::io::Error::other("it is no file of a result's size"));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(ENTRY_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Notes that the file was used.
fn renew(file: &File, path: &Path) -> std::io::Result<()> {
    let now = SystemTime::now();
    file.set_modified(now).or_else(|_| File::options().write(true).open(path)?.set_modified(now))
}

/// Results below `dir`; unfinished files that are nobody's are removed.
fn found(dir: &Path) -> Vec<Found> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for folder in entries(dir) {
        for entry in entries(&folder.path()) {
            let Ok(metadata) = entry.metadata() else { continue };
            let Ok(used) = metadata.modified() else { continue };
            if !metadata.is_file() {
                continue;
            }
            if unfinished::is_named(&entry.file_name()) {
                if unfinished::is_abandoned(used) {
                    let _ = fs::remove_file(entry.path());
                }
                continue;
            }
            found.push(Found { path: entry.path(), bytes: metadata.len(), used });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs::{self, File};
    use std::time::{Duration, SystemTime};

    use amdm_diffusion::{Device, Tensor};

    use super::{Disk, found};
    use crate::cache::{Entry, Key};
    use crate::unfinished::ABANDONED;
    use crate::value::Value;

    fn entry(device: &Device, count: u32) -> Entry {
        let tensor = Tensor::from_f32(device, &[count], vec![0.5; count as usize]).unwrap();
        Entry { outputs: vec![(0, Value::Tensor(tensor))], ui: Vec::new() }
    }

    fn key(name: u8) -> Key {
        Key([name; 32])
    }

    #[test]
    fn a_result_comes_back_until_its_file_is_damaged() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let disk = Disk::new(dir.path().into(), 1 << 20);
        assert!(disk.get(&key(1), &device).is_none());
        disk.put(&key(1), &entry(&device, 10));
        let path = dir.path().join("results/01").join("01".repeat(32));
        assert!(disk.get(&key(1), &device).is_some());
        let whole = fs::read(&path).unwrap();
        for bytes in [&whole[..40], &[], b"something else entirely"] {
            fs::write(&path, bytes).unwrap();
            assert!(disk.get(&key(1), &device).is_none());
            disk.put(&key(1), &entry(&device, 10));
            assert_eq!(fs::read(&path).unwrap(), whole);
        }
        // Another's result under this name.
        fs::create_dir_all(dir.path().join("results/02")).unwrap();
        fs::copy(&path, dir.path().join("results/02").join("02".repeat(32))).unwrap();
        assert!(disk.get(&key(2), &device).is_none());
        assert_eq!(disk.warning(), None);
    }

    #[test]
    fn those_used_longest_ago_go_first() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let disk = Disk::new(dir.path().into(), 20_000);
        let age = |name: u8, seconds: u64| {
            let name = format!("{name:02x}");
            let path = dir.path().join("results").join(&name).join(name.repeat(32));
            let time = SystemTime::now() - Duration::from_secs(seconds);
            File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        };
        for name in 1..=4 {
            disk.put(&key(name), &entry(&device, 1000));
            age(name, 1000 - u64::from(name));
        }
        assert!(disk.get(&key(1), &device).is_some());
        disk.put(&key(5), &entry(&device, 1000));
        let there = (1..=5).filter(|name| disk.get(&key(*name), &device).is_some());
        assert_eq!(there.collect::<Vec<_>>(), [1, 3, 4, 5]);
        // What is larger than all is not written.
        disk.put(&key(6), &entry(&device, 10_000));
        assert!(disk.get(&key(6), &device).is_none());
        let bytes = found(&dir.path().join("results")).iter().map(|file| file.bytes).sum::<u64>();
        assert!(bytes <= 20_000, "{bytes}");
    }

    #[test]
    fn what_killed_processes_left_goes_after_an_hour() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let folder = dir.path().join("results/aa");
        fs::create_dir_all(&folder).unwrap();
        let (old, new) = (folder.join(".amdm-1.part"), folder.join(".amdm-2.part"));
        fs::write(&new, "x").unwrap();
        let time = SystemTime::now() - 2 * ABANDONED;
        File::create(&old).unwrap().set_modified(time).unwrap();
        Disk::new(dir.path().into(), 1 << 20).put(&key(1), &entry(&device, 1));
        assert_eq!((old.exists(), new.exists()), (false, true));
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_told_of_once() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let disk = Disk::new(file, 1 << 20);
        assert!(disk.get(&key(1), &device).is_none());
        assert_eq!(disk.warning(), None);
        disk.put(&key(1), &entry(&device, 1));
        disk.put(&key(2), &entry(&device, 1));
        let warning = disk.warning().unwrap();
        assert!(warning.starts_with("results are not kept: cannot write"));
        assert_eq!(disk.warning(), None);
    }

    /// As a directory that is read-only: results come, none goes.
    #[test]
    fn what_is_there_serves_after_a_failure_to_write() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let disk = Disk::new(dir.path().into(), 1 << 20);
        disk.put(&key(1), &entry(&device, 10));
        fs::write(dir.path().join("results/02"), "no folder").unwrap();
        disk.put(&key(2), &entry(&device, 10));
        assert!(disk.warning().is_some());
        assert!(disk.get(&key(1), &device).is_some());
        disk.put(&key(3), &entry(&device, 10));
        assert!(disk.get(&key(3), &device).is_none());
    }

    #[test]
    fn the_limit_holds_before_anything_is_written() {
        let (dir, device) = (tempfile::tempdir().unwrap(), Device::cpu(1).unwrap());
        let large = Disk::new(dir.path().into(), 1 << 20);
        assert!((1..=9).all(|name| large.put(&key(name), &entry(&device, 1000))));
        let left = dir.path().join("results/01/.amdm-1.part");
        let time = SystemTime::now() - 2 * ABANDONED;
        File::create(&left).unwrap().set_modified(time).unwrap();
        let small = Disk::new(dir.path().into(), 20_000);
        small.settle();
        let bytes = found(&dir.path().join("results")).iter().map(|file| file.bytes).sum::<u64>();
        assert!(bytes > 0 && bytes <= 20_000, "{bytes}");
        assert!(!left.exists());
    }
}
