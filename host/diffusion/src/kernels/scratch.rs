//! Buffers for temporaries, kept between uses.
//!
//! Fresh pages from the system cost 15 to 25 % of a network's time in page faults. Small buffers
//! wait in a store of the thread that drops them, large ones in one store of the process, so that
//! what is kept does not grow with the number of threads. Both keep a bounded number of bytes.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers that a store keeps: the deepest network holds about this many at a time.
const KEPT: usize = 24;
/// Values from which on a buffer is large (4 MiB).
const LARGE: usize = 1 << 20;
/// Values that a thread keeps in all of its small buffers (32 MiB).
const SMALL_VALUES: usize = 8 << 20;
/// Values that the process keeps in all large buffers (512 MiB): a few of the largest maps here.
const LARGE_VALUES: usize = 128 << 20;

thread_local! {
    static SMALL: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}
static LARGE_STORE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// `len` values, returned to a store when dropped.
pub(crate) struct Buffer {
    /// At least `len` values.
    values: Vec<f32>,
    len: usize,
}

impl Buffer {
    /// Values left over from earlier uses: for results that are written in full.
    pub(crate) fn stale(len: usize) -> Self {
        let reused = if len < LARGE {
            SMALL.try_with(|store| take(&mut store.borrow_mut(), len)).ok().flatten()
        } else {
            take(&mut large(), len)
        };
        Self { values: reused.unwrap_or_else(|| vec![0.0; len]), len }
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
        let surplus = if values.len() < LARGE {
            // Fails only while the thread ends, when nothing is worth keeping.
            let keep = |store: &RefCell<_>| keep(&mut store.borrow_mut(), values, SMALL_VALUES);
            SMALL.try_with(keep).unwrap_or_default()
        } else {
            keep(&mut large(), values, LARGE_VALUES)
        };
        // Given back to the system after the store's lock is.
        drop(surplus);
    }
}

fn large() -> MutexGuard<'static, Vec<Vec<f32>>> {
    LARGE_STORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest kept buffer of at least `len` values.
fn take(store: &mut Vec<Vec<f32>>, len: usize) -> Option<Vec<f32>> {
    let fits = store.iter().enumerate().filter(|(_, values)| values.len() >= len);
    let best = fits.min_by_key(|(_, values)| values.len()).map(|(index, _)| index);
    best.map(|index| store.swap_remove(index))
}

/// Keeps `values`; gives what is too much then, the smallest of too many, the largest of too large.
fn keep(store: &mut Vec<Vec<f32>>, values: Vec<f32>, most: usize) -> Vec<Vec<f32>> {
    store.push(values);
    let mut surplus = Vec::new();
    while store.len() > KEPT || store.iter().map(Vec::len).sum::<usize>() > most {
        let by_len = |&index: &usize| store[index].len();
        let index = if store.len() > KEPT {
            (0..store.len()).min_by_key(by_len)
        } else {
            (0..store.len()).max_by_key(by_len)
        };
        surplus.push(store.swap_remove(index.unwrap_or(0)));
    }
    surplus
}
