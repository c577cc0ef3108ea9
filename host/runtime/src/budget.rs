//! What a run keeps alive in the host, in bytes: within a bound of each holder and one of the run.
//!
//! Views and shares of one storage count it once a holder, and in full: a view of one value keeps
//! all of its tensor. Values inside objects count like values held directly. A [`Ledger`] is one
//! holder: an instance's handles, a node's outputs, or the values on a graph's wires; a [`Grant`]
//! is a share without a list. What they hold is given back when they go.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use amdm::error::{Code, Error};

/// A piece of host memory: its address while it lives, and its bytes.
pub type Storage = (usize, usize);

/// Bytes that several holders share.
pub struct Budget {
    held: AtomicUsize,
    limit: usize,
    /// What the bytes are of, in messages.
    what: &'static str,
}

impl Budget {
    /// At most `limit` bytes of `what`.
    pub fn new(limit: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), limit, what })
    }

    fn take(&self, bytes: usize) -> Result<(), Error> {
        let fits = |held: usize| held.checked_add(bytes).filter(|all| *all <= self.limit);
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.map(|_| ()).map_err(|held| {
            let (found, what, limit) = (held.saturating_add(bytes), self.what, self.limit);
            let message =
                format!("the run would hold {found} bytes of {what}, at most {limit} are given");
            Error::new(Code::LimitExceeded, message)
        })
    }
}

/// A share of a budget, given back when it is dropped.
pub struct Grant {
    bytes: usize,
    budget: Arc<Budget>,
}

impl Grant {
    /// Nothing yet.
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self { bytes: 0, budget: budget.clone() }
    }

    /// Its bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Grows or shrinks to `bytes`.
    ///
    /// # Errors
    /// `limit_exceeded`; it stays as it was then.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes > self.bytes {
            self.budget.take(bytes - self.bytes)?;
        } else {
            self.budget.held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The storages of one holder, within its own bound and the run's.
pub struct Ledger {
    entries: HashMap<usize, Entry>,
    bytes: usize,
    limit: usize,
    grant: Grant,
}

struct Entry {
    bytes: usize,
    holders: usize,
}

impl Ledger {
    /// Holds at most `limit` bytes of `budget`.
    pub fn new(limit: usize, budget: &Arc<Budget>) -> Self {
        Self { entries: HashMap::new(), bytes: 0, limit, grant: Grant::new(budget) }
    }

    /// Counts what is held from now on.
    ///
    /// # Errors
    /// `limit_exceeded`; nothing is counted then.
    pub fn add(&mut self, held: &[Storage]) -> Result<(), Error> {
        for &(address, bytes) in held {
            let entry = self.entries.entry(address).or_insert(Entry { bytes: 0, holders: 0 });
            entry.holders += 1;
            // Two views may know different parts of one storage of a device.
            self.bytes = self.bytes.saturating_add(bytes.saturating_sub(entry.bytes));
            entry.bytes = entry.bytes.max(bytes);
        }
        let result = self.granted();
        if result.is_err() {
            self.remove(held);
        }
        result
    }

    fn granted(&mut self) -> Result<(), Error> {
        let (found, limit) = (self.bytes, self.limit);
        if found > limit {
            let message = format!(
                "the node would hold {found} bytes of tensors and texts, at most {limit} are given"
            );
            return Err(Error::new(Code::LimitExceeded, message));
        }
        self.grant.resize(found)
    }

    /// Forgets what is held no more.
    pub fn remove(&mut self, held: &[Storage]) {
        for (address, _) in held {
            let Some(entry) = self.entries.get_mut(address) else { continue };
            entry.holders -= 1;
            if entry.holders == 0 {
                self.bytes = self.bytes.saturating_sub(entry.bytes);
                self.entries.remove(address);
            }
        }
        if self.bytes < self.grant.bytes() {
            // Shrinking is always granted.
            let _ = self.grant.resize(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Budget, Grant, Ledger};

    #[test]
    fn a_storage_counts_once_until_its_last_holder_goes() {
        let budget = Budget::new(1000, "tensors");
        let mut ledger = Ledger::new(100, &budget);
        ledger.add(&[(1, 60)]).unwrap();
        ledger.add(&[(1, 60)]).unwrap();
        assert!(ledger.add(&[(2, 60)]).is_err());
        ledger.remove(&[(1, 60)]);
        assert!(ledger.add(&[(2, 60)]).is_err());
        ledger.remove(&[(1, 60)]);
        ledger.add(&[(2, 60), (3, 40)]).unwrap();
        assert_eq!(ledger.bytes, 100);
    }

    #[test]
    fn holders_share_the_bound_of_the_run() {
        let budget = Budget::new(100, "tensors");
        let mut first = Ledger::new(80, &budget);
        let mut second = Ledger::new(80, &budget);
        first.add(&[(1, 60)]).unwrap();
        let error = second.add(&[(2, 20), (3, 21)]).unwrap_err();
        assert_eq!(error.message, "the run would hold 101 bytes of tensors, at most 100 are given");
        second.add(&[(2, 40)]).unwrap();
        let error = first.add(&[(4, 30)]).unwrap_err();
        assert!(error.message.starts_with("the node would hold 90 bytes"), "{error}");
        drop(second);
        first.add(&[(4, 20)]).unwrap();
        let mut grant = Grant::new(&budget);
        assert!(grant.resize(21).is_err());
        grant.resize(20).unwrap();
        drop((first, grant));
        Grant::new(&budget).resize(100).unwrap();
    }
}
