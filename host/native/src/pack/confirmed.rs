//! A file whose content is the one that the caller names, read once: what is loaded are these
//! bytes.

use std::path::{Path, PathBuf};

use amdm_runtime::Host;
use sha2::{Digest, Sha256};

use crate::hash::hex;
use crate::status::{AMDM_STATUS_DENIED, AMDM_STATUS_INPUT_OUTPUT, Fail};

/// What was read and found to be what it must be.
pub(crate) struct Confirmed {
    /// Its canonical path: a bare name would mean another file to the system's loader.
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub sha256: [u8; 32],
}

impl Confirmed {
    /// Reads a file of at most as many bytes as the host takes of a pack.
    ///
    /// # Errors
    /// `INPUT_OUTPUT`; `DENIED` for another content than `expected`, in hexadecimal digits.
    pub fn read(host: &Host, path: &Path, expected: &str) -> Result<Self, Fail> {
        let path = path.canonicalize().map_err(|error| {
            let message = format!("cannot read {}: {error}", path.display());
            Fail::new(AMDM_STATUS_INPUT_OUTPUT, message)
        })?;
        let bytes = host.read_pack(&path);
        let bytes =
            bytes.map_err(|failure| Fail::new(AMDM_STATUS_INPUT_OUTPUT, failure.message))?;
        let sha256 = Sha256::digest(&bytes).into();
        let found = hex(&sha256);
        if found.eq_ignore_ascii_case(expected.trim()) {
            return Ok(Self { path, bytes, sha256 });
        }
        let path = path.display();
        let message = format!("{path}: found the SHA-256 {found}, expected {expected}");
        Err(Fail::new(AMDM_STATUS_DENIED, message))
    }
}
