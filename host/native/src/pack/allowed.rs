//! The list of native packs that the command may load: `sha256  path`, a line each.

use std::path::Path;

use amdm::error::Code;
use amdm_runtime::{Failure, FailureCode, Host};

use super::load;
use crate::status::{AMDM_STATUS_ABI_MISMATCH, AMDM_STATUS_PACK_INVALID};

/// Loads the native packs that a file lists: lines of `sha256  path`, as `sha256sum` prints them,
/// with paths relative to the file; empty lines and those that begin with `#` are passed over.
/// `tell` hears of each before its code runs.
///
/// # Errors
/// Names `allow-native-packs` as its input: `input_output` for files that cannot be read, `denied`
/// for another content than is listed, `invalid_input` for lines of another form, `pack_invalid`.
pub fn load_native_packs(
    host: &Host,
    list: &Path,
    mut tell: impl FnMut(&Path, &str),
) -> Result<(), Failure> {
    let failed = |code, message: String| {
        let input = Some("allow-native-packs".to_owned());
        Failure { input, ..Failure::new(code, message) }
    };
    let text = std::fs::read_to_string(list).map_err(|error| {
        let message = format!("cannot read {}: {error}", list.display());
        failed(FailureCode::Node(Code::InputOutput), message)
    })?;
    let base = list.parent().unwrap_or(Path::new(""));
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = line.split_once(char::is_whitespace);
        let hex = |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let Some((hash, path)) = parts.filter(|(hash, _)| hex(hash)) else {
            let message = format!(
                "{}, line {number}: found {line:?}, expected a SHA-256 and a path",
                list.display()
            );
            return Err(failed(FailureCode::Node(Code::InvalidInput), message));
        };
        // Behind the hash `sha256sum` marks files that it read as binary.
        let path = base.join(path.trim_start().trim_start_matches('*'));
        load(host, &path, Some(hash), &mut tell).map_err(|fail| {
            let code = match fail.status {
                AMDM_STATUS_PACK_INVALID | AMDM_STATUS_ABI_MISMATCH => FailureCode::PackInvalid,
                _ => FailureCode::Node(fail.clone().into_error().code),
            };
            failed(code, fail.message)
        })?;
    }
    Ok(())
}
