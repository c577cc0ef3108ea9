//! What one instance's handles keep alive in the host, in bytes.
//!
//! Views and shares of one storage count it once, and in full: a view of one value keeps all of its
//! tensor. Values inside objects count like values held directly.

use std::collections::HashMap;

use amdm::error::{Code, Error};

/// A piece of host memory: its address while it lives, and its bytes.
pub type Storage = (usize, usize);

/// The storages of one instance, within a bound.
pub struct Ledger {
    storages: HashMap<usize, Entry>,
    bytes: usize,
    limit: usize,
}

struct Entry {
    bytes: usize,
    holders: usize,
}

impl Ledger {
    /// Holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { storages: HashMap::new(), bytes: 0, limit }
    }

    /// Counts what a new handle holds.
    ///
    /// # Errors
    /// `limit_exceeded`; nothing is counted then.
    pub fn add(&mut self, held: &[Storage]) -> Result<(), Error> {
        for &(address, bytes) in held {
            let entry = self.storages.entry(address).or_insert(Entry { bytes: 0, holders: 0 });
            entry.holders += 1;
            // Two views may know different parts of one storage of a device.
            self.bytes = self.bytes.saturating_add(bytes.saturating_sub(entry.bytes));
            entry.bytes = entry.bytes.max(bytes);
        }
        if self.bytes <= self.limit {
            return Ok(());
        }
        let (found, limit) = (self.bytes, self.limit);
        self.remove(held);
        Err(Error::new(
            Code::LimitExceeded,
            format!(
                "the node would hold {found} bytes of tensors and texts, at most {limit} are given"
            ),
        ))
    }

    /// Forgets what a handle that is given up held.
    pub fn remove(&mut self, held: &[Storage]) {
        for (address, _) in held {
            let Some(entry) = self.storages.get_mut(address) else { continue };
            entry.holders -= 1;
            if entry.holders == 0 {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
                self.storages.remove(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Ledger;

    #[test]
    fn a_storage_counts_once_until_its_last_holder_goes() {
        let mut ledger = Ledger::new(100);
        ledger.add(&[(1, 60)]).unwrap();
        ledger.add(&[(1, 60)]).unwrap();
        assert!(ledger.add(&[(2, 60)]).is_err());
        ledger.remove(&[(1, 60)]);
        assert!(ledger.add(&[(2, 60)]).is_err());
        ledger.remove(&[(1, 60)]);
        ledger.add(&[(2, 60), (3, 40)]).unwrap();
        assert_eq!(ledger.bytes, 100);
    }
}
