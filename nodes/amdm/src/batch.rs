//! Entries of a batch, the first axis of images, masks and latents.

use alloc::vec;

use amdm_sdk::{Error, Tensor};

/// Number of entries.
pub(crate) fn entries(batch: &Tensor) -> u32 {
    batch.shape().first().copied().unwrap_or(0)
}

/// The entries that are there of `length` from `index` on; the last one where `index` is beyond.
pub(crate) fn pick(batch: &Tensor, index: u32, length: u32) -> Result<Tensor, Error> {
    let (start, length) = range(entries(batch), index, length);
    batch.narrow(0, start, length)
}

/// Start and length of the entries that [`pick`] takes of so many.
pub(crate) fn range(entries: u32, index: u32, length: u32) -> (u32, u32) {
    let start = index.min(entries.saturating_sub(1));
    (start, length.min(entries - start))
}

/// The batch `times` over.
pub(crate) fn repeat(batch: Tensor, times: u32) -> Result<Tensor, Error> {
    if times == 1 {
        return Ok(batch);
    }
    Tensor::concat(&vec![&batch; times as usize], 0)
}

/// A batch of `wanted` entries: the first ones, or all again and again.
pub(crate) fn cycle(batch: Tensor, wanted: u32) -> Result<Tensor, Error> {
    let found = entries(&batch);
    if found == wanted {
        return Ok(batch);
    }
    let all = if found < wanted { repeat(batch, wanted.div_ceil(found.max(1)))? } else { batch };
    all.narrow(0, 0, wanted)
}

#[cfg(test)]
mod tests {
    #[test]
    fn entries_are_those_that_are_there() {
        assert_eq!(super::range(3, 1, 2), (1, 2));
        assert_eq!(super::range(3, 1, 5), (1, 2));
        assert_eq!(super::range(3, 7, 5), (2, 1));
    }
}
