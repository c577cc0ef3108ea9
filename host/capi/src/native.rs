//! Native packs: libraries with nodes, loaded with all rights of the process.
//!
//! A pack exports one data symbol, [`AmdmPackEntry`], which is read before any of its functions runs;
//! the loading itself runs what the library's initialisers do. So a library is opened only where its
//! SHA-256 is the one that the caller names, from the very bytes that were hashed as far as the system
//! lets us tell. It is never closed: destructors of threads may lie in it. With Unix it is opened with
//! `RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE`, with Windows its module is pinned by never being freed.

use std::ffi::{CString, c_char, c_void};
use std::path::Path;

use amdm::error::Code;
use amdm_runtime::{Failure, FailureCode, Host};
use sha2::{Digest, Sha256};

use crate::api::{AmdmApi, api};
use crate::host::check_abi;
use crate::layout::{Versioned, read};
use crate::node::AmdmNodeVtable;
use crate::status::{
    AMDM_STATUS_ABI_MISMATCH, AMDM_STATUS_DENIED, AMDM_STATUS_INPUT_OUTPUT,
    AMDM_STATUS_PACK_INVALID, AmdmStatus, Fail, callback,
};

/// Name of the symbol that a native pack exports.
const ENTRY: &[u8] = b"amdm_pack_entry\0";
/// Id of the factory of nodes.
const NODES: &std::ffi::CStr = c"amdm.nodes/0";

/// What a native pack exports, as the data symbol `amdm_pack_entry`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmPackEntry {
    /// `sizeof(AmdmPackEntry)`.
    pub struct_size: usize,
    /// `AMDM_ABI_MAJOR` of the header that it was compiled with.
    pub abi_major: u32,
    /// `AMDM_ABI_MINOR` of that header; a library with a lower one refuses the pack.
    pub abi_minor: u32,
    /// Called once after loading, with the library's functions and the path of the pack. May be NULL. A
    /// pack that calls the library must do so through this table: its own symbols may not be found.
    pub init: Option<unsafe extern "C" fn(api: *const AmdmApi, path: *const c_char) -> AmdmStatus>,
    /// Kept for a later version; never called, as packs are not unloaded. May be NULL.
    pub deinit: Option<unsafe extern "C" fn()>,
    /// Gives what the pack brings of a kind, or NULL. `amdm.nodes/0` gives an `AmdmNodeFactory`.
    pub get_factory: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmPackEntry {
    const FIRST: usize = std::mem::offset_of!(Self, get_factory) + size_of::<usize>();
}

/// The nodes of a native pack.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNodeFactory {
    /// `sizeof(AmdmNodeFactory)`.
    pub struct_size: usize,
    /// How many nodes there are.
    pub count: u32,
    /// 0.
    pub reserved: u32,
    /// The node `index`, 0 to `count - 1`; lives as long as the process.
    pub node: Option<unsafe extern "C" fn(index: u32) -> *const AmdmNodeVtable>,
}

// SAFETY: as above.
unsafe impl Versioned for AmdmNodeFactory {
    const FIRST: usize = std::mem::offset_of!(Self, node) + size_of::<usize>();
}

/// Fails for a file that has another content than the caller expects.
pub(crate) fn confirm(path: &Path, expected: &str) -> Result<Vec<u8>, Fail> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let message = format!("cannot read {}: {error}", path.display());
        Fail::new(AMDM_STATUS_INPUT_OUTPUT, message)
    };
    if !std::fs::metadata(path).map_err(|error| unreadable(&error))?.is_file() {
        return Err(unreadable(&"it is no regular file"));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let found = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    if found.eq_ignore_ascii_case(expected.trim()) {
        return Ok(bytes);
    }
    let path = path.display();
    let message = format!("{path}: found the SHA-256 {found}, expected {expected}");
    Err(Fail::new(AMDM_STATUS_DENIED, message))
}

/// Loads a native pack and registers its nodes, all or none of what can be told beforehand.
pub(crate) fn load(
    host: &Host,
    path: &Path,
    expected: Option<&str>,
    tell: &mut dyn FnMut(&Path, &str),
) -> Result<(), Fail> {
    let Some(expected) = expected else {
        let message = "a native pack runs with all rights: its SHA-256 must be given";
        return Err(Fail::new(AMDM_STATUS_DENIED, message));
    };
    confirm(path, expected)?;
    // A bare name would be searched for in other places than the one that was hashed.
    let path = path.canonicalize().map_err(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Fail::new(AMDM_STATUS_INPUT_OUTPUT, message)
    })?;
    tracing::warn!(path = %path.display(), sha256 = expected, "loading native code");
    tell(&path, expected);
    let invalid = |message: String| {
        let message = format!("{} is no native pack: {message}", path.display());
        Fail::new(AMDM_STATUS_PACK_INVALID, message)
    };
    // SAFETY: the caller has named this very file as one that may run its code.
    let library = unsafe { open(&path) }.map_err(|error| invalid(reason(&error)))?;
    // SAFETY: a data symbol by the contract; it is read as one and checked below.
    let entry = unsafe { library.get::<*const AmdmPackEntry>(ENTRY) };
    let entry = entry.map_err(|error| invalid(error.to_string()))?;
    // SAFETY: the library is never closed, so the address stays.
    let entry = unsafe { entry.try_as_raw_ptr() }.unwrap_or(std::ptr::null_mut());
    // Never closed: see above.
    std::mem::forget(library);
    // SAFETY: it is the symbol's address, so the struct lies there.
    let entry = unsafe { read(entry.cast::<AmdmPackEntry>().cast_const(), "amdm_pack_entry") }
        .map_err(|fail| invalid(fail.message))?;
    check_abi(entry.abi_major << 16 | entry.abi_minor & 0xFFFF)?;
    if entry.abi_minor > crate::AMDM_ABI_MINOR {
        let (found, own, major) = (entry.abi_minor, crate::AMDM_ABI_MINOR, crate::AMDM_ABI_MAJOR);
        let message = format!(
            "{}: found version {major}.{found} of the interface, this library has {major}.{own}",
            path.display()
        );
        return Err(Fail::new(AMDM_STATUS_ABI_MISMATCH, message));
    }
    if let Some(init) = entry.init {
        let text = CString::new(path.to_string_lossy().as_ref())
            .map_err(|_| invalid("its path has a 0".into()))?;
        // SAFETY: as the entry's documentation says.
        let status = callback(|| unsafe { init(api(), text.as_ptr()) });
        if status != 0 {
            return Err(invalid(format!("its init returned {status}")));
        }
    }
    let factory = entry.get_factory.ok_or_else(|| invalid("it has no get_factory".into()))?;
    // SAFETY: as above.
    let factory = callback(|| unsafe { factory(NODES.as_ptr()) });
    // SAFETY: the factory of this id is an `AmdmNodeFactory`.
    let factory = unsafe { read(factory.cast::<AmdmNodeFactory>(), "amdm.nodes/0") }
        .map_err(|fail| invalid(fail.message))?;
    let node = factory.node.ok_or_else(|| invalid("its factory has no node".into()))?;
    for index in 0..factory.count {
        // SAFETY: as the factory's documentation says.
        let vtable = callback(|| unsafe { node(index) });
        // SAFETY: as above.
        unsafe { crate::node::register(Ok(host), vtable)? };
    }
    Ok(())
}

/// Loads the native packs that a file lists: lines of `sha256  path`, as `sha256sum` prints them, with
/// paths relative to the file; empty lines and those that begin with `#` are passed over. `tell` hears
/// of each before its code runs.
///
/// # Errors
/// Names `allow-native-packs` as its input: `input_output` for files that cannot be read, `denied` for
/// another content than is listed, `invalid_input` for lines of another form, `pack_invalid`.
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

/// What the system's loader says, where it says anything.
fn reason(error: &libloading::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// # Safety
/// Runs the library's initialisers.
#[cfg(unix)]
unsafe fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // `RTLD_NODELETE` of the system's own header; where there is none, the library is never closed anyway.
    const NODELETE: i32 = if cfg!(any(target_os = "linux", target_os = "android")) {
        0x1000
    } else if cfg!(target_os = "macos") {
        0x80
    } else {
        0
    };
    // SAFETY: the caller says so.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL | NODELETE) }.map(Into::into)
}

/// # Safety
/// Runs the library's initialisers.
#[cfg(not(unix))]
unsafe fn open(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: the caller says so.
    unsafe { libloading::Library::new(path) }
}
