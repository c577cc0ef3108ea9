//! What one instance may grow to.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::budget::{Budget, Grant};

/// Bounds a guest's linear memories and tables, each kind in sum.
pub struct Limiter {
    limit: usize,
    memory: Grant,
    /// What the last growth was granted, until the next: the growth may still fail.
    last: usize,
    entries: usize,
    /// What was refused last, for people.
    pub refused: Option<String>,
}

impl Limiter {
    /// Table entries a guest may have: far beyond what a pack's functions need.
    const TABLE_ENTRIES: usize = 100_000;

    /// At most `limit` bytes of memory, out of what the run's guests have together.
    pub fn new(limit: usize, guests: &Arc<Budget>) -> Self {
        Self { limit, memory: Grant::new(guests), last: 0, entries: 0, refused: None }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.last = desired.saturating_sub(current);
        let all = self.memory.bytes().saturating_add(self.last);
        let refused = if all > self.limit {
            let limit = self.limit;
            format!("it asked for {all} bytes of memory, at most {limit} are given")
        } else {
            match self.memory.resize(all) {
                Ok(()) => return Ok(true),
                Err(error) => error.message,
            }
        };
        self.last = 0;
        self.refused = Some(refused);
        wasmtime::bail!("memory limit")
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        let before = self.memory.bytes().saturating_sub(std::mem::take(&mut self.last));
        // Shrinking is always granted.
        let _ = self.memory.resize(before);
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let all = self.entries.saturating_add(desired.saturating_sub(current));
        let fits = all <= Self::TABLE_ENTRIES;
        if fits {
            self.entries = all;
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }

    fn tables(&self) -> usize {
        64
    }
}
