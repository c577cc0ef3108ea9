//! The table behind all handles: what a caller holds is a number, never an address.
//!
//! A handle is a pointer-sized word of kind, index and generation. An index is used again under a
//! new generation, so a stale handle, one that was destroyed twice, or one of another kind is found
//! out and never touches memory. Generations of one index repeat after 2^32 uses on 64-bit targets
//! (2^12 on 32-bit ones).

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::status::{AMDM_STATUS_INVALID_HANDLE, AMDM_STATUS_OUT_OF_MEMORY, Fail};

/// Bits of a handle that say its kind.
const KIND_BITS: u32 = 4;
/// Bits that say its index.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 28 } else { 16 };
/// Bits that say its generation.
const GENERATION_BITS: u32 = usize::BITS - KIND_BITS - INDEX_BITS;
const GENERATIONS: usize = 1 << if GENERATION_BITS > 32 { 32 } else { GENERATION_BITS };

/// What a handle stands for.
pub(crate) trait Kind: Any + Send + Sync {
    /// Number of the kind, 1 to 15, one for each type.
    const KIND: usize;
    /// Its name in messages.
    const NAME: &'static str;
}

/// Names a kind.
macro_rules! kind {
    ($type:ty, $number:literal, $name:literal) => {
        impl $crate::handle::Kind for $type {
            const KIND: usize = $number;
            const NAME: &'static str = $name;
        }
    };
}
pub(crate) use kind;

struct Slot {
    generation: usize,
    /// References to it; 0 of a free one.
    references: usize,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

/// A table of handles.
#[derive(Default)]
pub(crate) struct Table(RwLock<Slots>);

#[derive(Default)]
struct Slots {
    slots: Vec<Slot>,
    /// The longest free one is taken first, so that generations of an index go by slowly.
    free: VecDeque<usize>,
}

/// The handles of this process.
pub(crate) static HANDLES: Table =
    Table(RwLock::new(Slots { slots: Vec::new(), free: VecDeque::new() }));

fn pack(kind: usize, index: usize, generation: usize) -> usize {
    kind | index << KIND_BITS | generation << (KIND_BITS + INDEX_BITS)
}

fn unpack(handle: usize) -> (usize, usize, usize) {
    let kind = handle & ((1 << KIND_BITS) - 1);
    let index = handle >> KIND_BITS & ((1 << INDEX_BITS) - 1);
    (kind, index, handle >> (KIND_BITS + INDEX_BITS))
}

impl Table {
    /// A new handle with one reference.
    pub fn insert<T: Kind>(&self, value: Arc<T>) -> Result<usize, Fail> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let value: Arc<dyn Any + Send + Sync> = value;
        let index = match table.free.pop_front() {
            Some(index) => index,
            None => {
                if table.slots.len() >= 1 << INDEX_BITS {
                    let message = format!("more than {} handles are open", 1usize << INDEX_BITS);
                    return Err(Fail::new(AMDM_STATUS_OUT_OF_MEMORY, message));
                }
                table.slots.push(Slot { generation: 1, references: 0, value: None });
                table.slots.len() - 1
            }
        };
        let slot = &mut table.slots[index];
        slot.references = 1;
        slot.value = Some(value);
        Ok(pack(T::KIND, index, slot.generation))
    }

    /// What a handle stands for.
    pub fn get<T: Kind>(&self, handle: usize) -> Result<Arc<T>, Fail> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let index = table.find::<T>(handle)?;
        table.slots[index]
            .value
            .clone()
            .and_then(|value| value.downcast().ok())
            .ok_or_else(stale::<T>)
    }

    /// One more reference.
    pub fn retain<T: Kind>(&self, handle: usize) -> Result<(), Fail> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let index = table.find::<T>(handle)?;
        table.slots[index].references += 1;
        Ok(())
    }

    /// One reference less; the last one's value is given to the caller, who drops it where it may.
    pub fn release<T: Kind>(&self, handle: usize) -> Result<Option<Arc<T>>, Fail> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let index = table.find::<T>(handle)?;
        let slot = &mut table.slots[index];
        slot.references -= 1;
        if slot.references > 0 {
            return Ok(None);
        }
        // Never 0, so that no small number is a handle.
        slot.generation = slot.generation % (GENERATIONS - 1) + 1;
        let value = slot.value.take();
        table.free.push_back(index);
        drop(table);
        Ok(value.and_then(|value| value.downcast().ok()))
    }

    /// The same, where NULL is fine.
    pub fn destroy<T: Kind>(&self, handle: usize) -> Result<Option<Arc<T>>, Fail> {
        if handle == 0 { Ok(None) } else { self.release(handle) }
    }

    /// Handles that are open.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.slots.len() - table.free.len()
    }
}

impl Slots {
    fn find<T: Kind>(&self, handle: usize) -> Result<usize, Fail> {
        let (kind, index, generation) = unpack(handle);
        if handle == 0 {
            let message = format!("found NULL, expected a handle of {}", T::NAME);
            return Err(Fail::new(AMDM_STATUS_INVALID_HANDLE, message));
        }
        let slot = self.slots.get(index);
        let live = slot.is_some_and(|slot| slot.generation == generation && slot.references > 0);
        if kind == T::KIND && live { Ok(index) } else { Err(stale::<T>()) }
    }
}

fn stale<T: Kind>() -> Fail {
    let name = T::NAME;
    let message =
        format!("expected {name}, found a handle of something else or one that was destroyed");
    Fail::new(AMDM_STATUS_INVALID_HANDLE, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::{Table, pack};

    struct Dog(u8);
    struct Cat;
    kind!(Dog, 1, "a dog");
    kind!(Cat, 2, "a cat");

    #[test]
    fn only_live_handles_of_the_kind_are_taken() {
        let table = Table::default();
        let dog = table.insert(Arc::new(Dog(7))).unwrap();
        assert_eq!(table.get::<Dog>(dog).unwrap().0, 7);
        for wrong in [0, 1, usize::MAX, dog + 1, pack(1, 5, 0), pack(1, 0, 9)] {
            assert!(table.get::<Dog>(wrong).is_err(), "{wrong:x}");
        }
        assert!(table.get::<Cat>(dog).is_err() && table.release::<Cat>(dog).is_err());
        table.retain::<Dog>(dog).unwrap();
        assert!(table.release::<Dog>(dog).unwrap().is_none());
        assert!(table.release::<Dog>(dog).unwrap().is_some());
        assert!(table.get::<Dog>(dog).is_err() && table.release::<Dog>(dog).is_err());
        let next = table.insert(Arc::new(Dog(8))).unwrap();
        assert_ne!(next, dog);
        assert!(table.get::<Dog>(dog).is_err());
        assert_eq!(table.open(), 1);
    }

    #[test]
    fn threads_share_a_table() {
        let table = Table::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..1000 {
                        let dog = table.insert(Arc::new(Dog(number as u8))).unwrap();
                        assert_eq!(table.get::<Dog>(dog).unwrap().0, number as u8);
                        assert!(table.release::<Dog>(dog).unwrap().is_some());
                        assert!(table.get::<Dog>(dog).is_err());
                    }
                });
            }
        });
        assert_eq!(table.open(), 0);
    }
}
