//! Buffers for temporaries, kept per thread between uses.
//!
//! Fresh pages from the system cost 15 to 25 % of a network's time in page faults. A buffer goes
//! back to the store of the thread that drops it; a store keeps a bounded number of bytes.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Buffers that a thread keeps: the deepest network holds about this many at a time.
const KEPT: usize = 24;
/// Values that a thread keeps in all of them (512 MiB): one row of the largest maps here.
const KEPT_VALUES: usize = 128 << 20;

thread_local! {
    static STORE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// `len` values, returned to a store when dropped.
pub(crate) struct Buffer {
    /// At least `len` values.
    values: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// Values left over from earlier uses: for results that are written in full.
    pub(crate) fn stale(len: usize) -> Self {
        let reused = STORE.try_with(|store| {
            let mut store = store.borrow_mut();
            let fits = store.iter().enumerate().filter(|(_, values)| values.len() >= len);
            let best = fits.min_by_key(|(_, values)| values.len()).map(|(index, _)| index);
            best.map(|index| store.swap_remove(index))
        });
        let values = reused.ok().flatten().unwrap_or_else(|| vec![0.0; len]);
        Self { values, len }
    }

    /// Zeros.
    pub(crate) fn zeroed(len: usize) -> Self {
        let mut buffer = Self::stale(len);
        buffer.fill(0.0);
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        // Fails only while the thread ends, when nothing is worth keeping.
        let _ = STORE.try_with(|store| {
            let mut store = store.borrow_mut();
            store.push(values);
            while store.len() > KEPT || store.iter().map(Vec::len).sum::<usize>() > KEPT_VALUES {
                let by_len = |&index: &usize| store[index].len();
                let surplus = if store.len() > KEPT {
                    (0..store.len()).min_by_key(by_len)
                } else {
                    (0..store.len()).max_by_key(by_len)
                };
                store.swap_remove(surplus.unwrap_or(0));
            }
        });
    }
}
