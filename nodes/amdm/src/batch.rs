//! Entries of a batch, the first axis of images and latents.

use alloc::format;
use alloc::vec;

use amdm_sdk::{Error, Tensor};

/// `length` entries from `index`; refuses those beyond the batch.
pub(crate) fn pick(batch: &Tensor, index: u32, length: u32) -> Result<Tensor, Error> {
    let entries = batch.shape().first().copied().unwrap_or(0);
    check(entries, index, length)?;
    batch.narrow(0, index, length)
}

/// One entry `times` over.
pub(crate) fn repeat(one: Tensor, times: u32) -> Result<Tensor, Error> {
    if times == 1 {
        return Ok(one);
    }
    Tensor::concat(&vec![&one; times as usize], 0)
}

fn check(entries: u32, index: u32, length: u32) -> Result<(), Error> {
    if index >= entries {
        let message = format!("found {index}, expected less than {entries}, the batch's entries");
        return Err(Error::invalid(message).at("batch_index"));
    }
    let left = entries - index;
    if length > left {
        let message = format!("found {length}, expected at most {left} from entry {index} on");
        return Err(Error::invalid(message).at("length"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn entries_beyond_the_batch_are_refused() {
        assert!(super::check(3, 1, 2).is_ok());
        let input = |index, length| super::check(3, index, length).err().and_then(|e| e.input);
        assert_eq!(input(3, 1).as_deref(), Some("batch_index"));
        assert_eq!(input(2, 2).as_deref(), Some("length"));
    }
}
