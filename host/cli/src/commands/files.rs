//! Files that the command line names; `-` is stdin.

use std::io::Read;
use std::path::{Path, PathBuf};

use amdm::graph::comfy::ObjectInfo;

use crate::exit::{INVALID, Stop, USAGE};

/// The directory of a file.
pub fn parent(file: &Path) -> Option<PathBuf> {
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.into() })
}

/// Reads the file of a graph; `-` is stdin.
pub fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    bytes(path).map_err(|error| {
        Stop::new(INVALID, format!("cannot read the graph {}: {error}", path.display()))
    })
}

/// Reads a file, or one byte more than a graph may have: parsers then say that it is too big.
pub fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = amdm::limits::GRAPH_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads the file of `--object-info`; `-` is stdin.
pub fn object_info(file: &Path) -> Result<ObjectInfo, Stop> {
    let fail =
        |error: String| Stop::new(USAGE, format!("--object-info {}: {error}", file.display()));
    let bytes = bytes(file).map_err(|error| fail(error.to_string()))?;
    ObjectInfo::parse(&bytes).map_err(|error| fail(error.to_string()))
}
