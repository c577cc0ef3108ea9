//! Results in memory: the least recently used go first, within a number of bytes.
//!
//! A storage counts once, however many results hold views of it. Models do not count: they live as
//! long as the host anyway. Nothing here counts against the budget of a run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Entry, Key};
use crate::budget::Storage;

/// Bytes that an entry takes besides its values.
const ENTRY: usize = 512;

/// The results of one host.
pub(super) struct Memory {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    entries: HashMap<Key, Kept>,
    /// Keys by last use.
    order: BTreeMap<u64, Key>,
    clock: u64,
    /// Address to bytes and holders.
    storages: HashMap<usize, (usize, usize)>,
    bytes: usize,
}

struct Kept {
    entry: Arc<Entry>,
    storages: Vec<Storage>,
    used: u64,
}

impl Memory {
    /// At most `limit` bytes; 0 keeps nothing.
    pub fn new(limit: usize) -> Self {
        Self { limit, held: Mutex::default() }
    }

    /// Whether it keeps anything.
    pub fn is_on(&self) -> bool {
        self.limit > 0
    }

    /// The result of `key`.
    pub fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let used = held.tick();
        let kept = held.entries.get_mut(key)?;
        let before = std::mem::replace(&mut kept.used, used);
        let entry = kept.entry.clone();
        held.order.remove(&before);
        held.order.insert(used, *key);
        Some(entry)
    }

    /// Keeps a result in place of an earlier one, and lets go of what is too much.
    pub fn put(&self, key: Key, entry: &Arc<Entry>) {
        if !self.is_on() {
            return;
        }
        let storages = storages(entry);
        // Dropped after the lock is: values may have much to free.
        let mut gone = Vec::new();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        gone.extend(held.remove(&key));
        let used = held.tick();
        held.count(&storages);
        held.order.insert(used, key);
        held.entries.insert(key, Kept { entry: entry.clone(), storages, used });
        while held.bytes > self.limit {
            let Some((_, oldest)) = held.order.first_key_value() else { break };
            let oldest = *oldest;
            gone.extend(held.remove(&oldest));
        }
        drop(held);
    }
}

impl Held {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn count(&mut self, storages: &[Storage]) {
        for &(address, bytes) in storages {
            let (known, holders) = self.storages.entry(address).or_insert((0, 0));
            *holders += 1;
            self.bytes = self.bytes.saturating_add(bytes.saturating_sub(*known));
            *known = bytes.max(*known);
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Arc<Entry>> {
        let kept = self.entries.remove(key)?;
        self.order.remove(&kept.used);
        for (address, _) in &kept.storages {
            let Some((bytes, holders)) = self.storages.get_mut(address) else { continue };
            *holders -= 1;
            if *holders == 0 {
                self.bytes = self.bytes.saturating_sub(*bytes);
                self.storages.remove(address);
            }
        }
        Some(kept.entry)
    }
}

/// All that an entry keeps alive, itself included.
fn storages(entry: &Arc<Entry>) -> Vec<Storage> {
    let ui = entry.ui.iter().map(|ui| ui.to_string().len()).sum::<usize>();
    let own = (Arc::as_ptr(entry).addr(), ENTRY + 2 * ui);
    let values = entry.outputs.iter().flat_map(|(_, value)| value.held());
    values.chain([own]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use amdm_diffusion::{Device, Tensor};

    use super::{ENTRY, Memory};
    use crate::cache::{Entry, Key};
    use crate::value::Value;

    const BYTES: usize = 4000;

    fn entry(tensors: &[&Tensor]) -> Arc<Entry> {
        let value = |tensor: &&Tensor| Value::Tensor(Tensor::clone(tensor));
        let outputs = tensors.iter().map(value).enumerate().collect();
        Arc::new(Entry { outputs, ui: Vec::new() })
    }

    fn tensor() -> Tensor {
        let device = Device::cpu(1).unwrap();
        Tensor::from_f32(&device, &[1000], vec![0.0; BYTES / 4]).unwrap()
    }

    fn key(name: u8) -> Key {
        Key([name; 32])
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let memory = Memory::new(2 * (BYTES + ENTRY));
        memory.put(key(1), &entry(&[&tensor()]));
        memory.put(key(2), &entry(&[&tensor()]));
        assert!(memory.get(&key(1)).is_some());
        memory.put(key(3), &entry(&[&tensor()]));
        assert!(memory.get(&key(2)).is_none());
        assert!(memory.get(&key(1)).is_some() && memory.get(&key(3)).is_some());
    }

    #[test]
    fn a_storage_counts_once() {
        let memory = Memory::new(BYTES + 3 * ENTRY);
        let shared = tensor();
        for name in 1..=3 {
            memory.put(key(name), &entry(&[&shared, &shared]));
        }
        assert!((1..=3).all(|name| memory.get(&key(name)).is_some()));
        memory.put(key(4), &entry(&[&tensor()]));
        assert!((1..=3).all(|name| memory.get(&key(name)).is_none()));
        let held = memory.held.lock().unwrap();
        assert_eq!((held.bytes, held.entries.len(), held.order.len()), (BYTES + ENTRY, 1, 1));
    }

    #[test]
    fn what_is_larger_than_the_whole_is_not_kept() {
        let memory = Memory::new(BYTES);
        memory.put(key(1), &entry(&[&tensor()]));
        let held = memory.held.lock().unwrap();
        assert_eq!((held.bytes, held.entries.len(), held.storages.len()), (0, 0, 0));
    }

    #[test]
    fn nothing_is_kept_without_room() {
        let memory = Memory::new(0);
        memory.put(key(1), &entry(&[]));
        assert!(memory.get(&key(1)).is_none());
    }

    #[test]
    fn the_same_key_again_replaces_what_was_there() {
        let memory = Memory::new(10 * BYTES);
        for _ in 0..3 {
            memory.put(key(1), &entry(&[&tensor()]));
        }
        let held = memory.held.lock().unwrap();
        assert_eq!((held.bytes, held.storages.len()), (BYTES + ENTRY, 2));
    }
}
