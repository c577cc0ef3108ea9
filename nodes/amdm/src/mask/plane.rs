//! Masks as planes: [entries, height, width].

use amdm_sdk::{Error, Tensor};

use crate::area;

/// All but the last two axes as one.
pub(crate) fn planes(mask: Tensor) -> Result<Tensor, Error> {
    let shape = mask.shape();
    let (entries, &[height, width]) = match shape.split_last_chunk::<2>() {
        Some(parts) => parts,
        None => {
            let message =
                alloc::format!("found a mask of shape {shape:?}, expected height and width");
            return Err(Error::invalid(message));
        }
    };
    if let [_] = entries {
        return Ok(mask);
    }
    mask.reshape(&[entries.iter().product(), height, width])
}

/// Height and width of planes.
pub(crate) fn sides(planes: &Tensor) -> Result<[u32; 2], Error> {
    area::sides(planes, area::IMAGE)
}
