//! The native packs of this process, by content: opened once, initialised once, shared by all
//! hosts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use super::{AmdmApi, AmdmPackEntry, Confirmed, invalid, library};
use crate::layout::read;
use crate::status::{AMDM_STATUS_ABI_MISMATCH, Fail, callback};
use crate::{AMDM_ABI_MAJOR, AMDM_ABI_MINOR};

/// Name of the symbol that a native pack exports.
const ENTRY: &[u8] = b"amdm_pack_entry\0";

/// What all versions of an entry begin with.
#[repr(C)]
#[derive(Clone, Copy)]
struct Prefix {
    struct_size: usize,
    abi_major: u32,
    abi_minor: u32,
}

/// A library that was opened.
struct Loaded {
    /// What it exports, or why it is no pack.
    entry: Result<AmdmPackEntry, Fail>,
    /// Whether its `init` is done.
    initialised: bool,
}

/// By SHA-256. Held while a pack is asked for its nodes: packs need no locks of their own for that.
static LOADED: Mutex<Option<HashMap<[u8; 32], Loaded>>> = Mutex::new(None);

/// Does `work` with the entry of a pack, which is opened and initialised with `api` before, where
/// it is not yet.
///
/// # Errors
/// Those of `work`; `PACK_INVALID`, `ABI_MISMATCH`; messages begin behind the pack's path.
///
/// # Safety
/// Runs the library's code.
pub unsafe fn with<T>(
    file: &Confirmed,
    api: *const AmdmApi,
    work: impl FnOnce(&AmdmPackEntry) -> Result<T, Fail>,
) -> Result<T, Fail> {
    let mut packs = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let pack = match packs.get_or_insert_default().entry(file.sha256) {
        Entry::Occupied(pack) => pack.into_mut(),
        // SAFETY: the caller says so.
        Entry::Vacant(place) => place.insert(unsafe { open(file)? }),
    };
    let entry = pack.entry.clone()?;
    if !pack.initialised {
        // SAFETY: as above.
        unsafe { init(&entry, api, file)? };
        pack.initialised = true;
    }
    work(&entry)
}

/// # Safety
/// Runs the library's initialisers.
unsafe fn open(file: &Confirmed) -> Result<Loaded, Fail> {
    // A failed open is not cached: a missing dependency may be installed later.
    // SAFETY: the caller says so.
    let symbol = unsafe { library::symbol(file, ENTRY) }.map_err(invalid)?;
    let entry = symbol.map_err(invalid).and_then(|symbol| {
        // SAFETY: the symbol of this name is an entry, and its library is never closed.
        unsafe { entry(symbol as *const AmdmPackEntry) }
    });
    Ok(Loaded { entry, initialised: false })
}

/// Reads an entry, the versions first: an entry of another major version has fields of its own.
///
/// # Safety
/// `from` is NULL or the address of an entry of any version.
unsafe fn entry(from: *const AmdmPackEntry) -> Result<AmdmPackEntry, Fail> {
    let prefix = from.cast::<Prefix>();
    if prefix.is_null() || !prefix.is_aligned() {
        return Err(invalid("found no amdm_pack_entry"));
    }
    // SAFETY: entries of all versions begin so.
    let Prefix { struct_size, abi_major, abi_minor } = unsafe { prefix.read() };
    if struct_size < size_of::<Prefix>() {
        return Err(invalid(format!("found amdm_pack_entry.struct_size {struct_size}")));
    }
    if abi_major != AMDM_ABI_MAJOR || abi_minor > AMDM_ABI_MINOR {
        let message = format!(
            "is for another version of amdm: found version {abi_major}.{abi_minor} of the \
             interface, this library has {AMDM_ABI_MAJOR}.{AMDM_ABI_MINOR}"
        );
        return Err(Fail::new(AMDM_STATUS_ABI_MISMATCH, message));
    }
    // SAFETY: it is of our version.
    unsafe { read(from, "amdm_pack_entry") }.map_err(|fail| invalid(fail.message))
}

/// # Safety
/// The entry is that of a library that is open.
unsafe fn init(entry: &AmdmPackEntry, api: *const AmdmApi, file: &Confirmed) -> Result<(), Fail> {
    let Some(init) = entry.init else { return Ok(()) };
    let path = CString::new(file.path.to_string_lossy().as_ref());
    let path = path.map_err(|_| invalid("its path has a 0"))?;
    // SAFETY: as the entry's documentation says.
    let status = callback(|| unsafe { init(api, path.as_ptr()) });
    match status {
        0 => Ok(()),
        status => Err(invalid(format!("its init returned {status}"))),
    }
}
