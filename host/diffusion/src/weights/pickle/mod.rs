//! Zip pickles of PyTorch (`.ckpt`, `.pt`, `.pth`, `.bin`), read as data: nothing in them is run.
//!
//! The pickle is interpreted by a small machine that only builds values. What would call something
//! else than the functions that rebuild tensors is an error that names it. Values of tensors stay
//! in the archive, where PyTorch stores them uncompressed.

mod archive;
mod machine;
mod tensors;

use std::collections::BTreeMap;

use amdm::error::Error;

use self::archive::Archive;
use super::Header;
use super::tensor_file::Place;
use crate::Result;

/// The file of an archive that holds the pickle.
const PICKLE: &str = "data.pkl";
/// Bytes of a pickle: those of networks have some hundred kilobytes.
const PICKLE_BYTES_MAX: usize = 8 << 20;

/// What the archive `bytes` holds, and where.
pub(super) fn read(bytes: &[u8]) -> Result<(Header, BTreeMap<String, Place>)> {
    let archive = Archive::open(bytes)?;
    let root = archive.names().find_map(|name| match name.strip_suffix(PICKLE) {
        Some(root) if root.is_empty() || root.ends_with('/') => Some(root.to_owned()),
        _ => None,
    });
    let root = root.ok_or_else(|| {
        Error::invalid(format!("found a zip archive without `{PICKLE}`, expected one of PyTorch"))
    })?;
    let content = |name: &str| archive.content(&format!("{root}{name}"));
    let order = content("byteorder")?.map(|range| &bytes[range]);
    if order.is_some_and(|order| order != b"little") {
        return Err(Error::invalid("found values in big-endian order, expected little-endian"));
    }
    let pickle = content(PICKLE)?.map(|range| &bytes[range]).unwrap_or_default();
    if pickle.len() > PICKLE_BYTES_MAX {
        let found = pickle.len();
        let message =
            format!("found a pickle of {found} bytes, expected at most {PICKLE_BYTES_MAX}");
        return Err(Error::invalid(message));
    }
    let heap = machine::run(pickle)?;
    let found = tensors::collect(&heap, |key| content(&format!("data/{key}")))?;
    let (mut infos, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (name, (info, place)) in found {
        infos.insert(name.clone(), info);
        places.insert(name, place);
    }
    Ok((Header::of(infos), places))
}

#[cfg(test)]
pub(super) mod tests;
