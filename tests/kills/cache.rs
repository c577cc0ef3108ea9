//! The files of a cache of results, read by the format's description alone.

use std::path::Path;

use sha2::{Digest, Sha256};

/// Asserts that every finished file is whole: magic, version, its own name as the key, length and
/// SHA-256 of the payload.
pub fn sound(cache: &Path) -> usize {
    let mut count = 0;
    for folder in std::fs::read_dir(cache.join("results")).into_iter().flatten() {
        for entry in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with(".amdm-") && name.ends_with(".part") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let (header, payload) = bytes.split_at(84);
            let key = header[12..44].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let length = u64::from_le_bytes(header[44..52].try_into().unwrap());
            assert_eq!(&header[..8], b"AMDMres\n", "{path:?}");
            assert_eq!(&header[8..12], [1, 0, 0, 0], "{path:?}");
            assert_eq!((key.as_str(), length), (name, payload.len() as u64));
            assert_eq!(&header[52..], &*Sha256::digest(payload), "{path:?}");
            count += 1;
        }
    }
    count
}
