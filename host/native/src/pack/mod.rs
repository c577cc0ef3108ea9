//! Native packs: libraries with nodes, loaded with all rights of the process.
//!
//! A pack exports one data symbol, [`AmdmPackEntry`], which is read before any of its functions
//! runs; the loading itself runs what the library's initialisers do. So a library is opened only
//! where its SHA-256 is the one that the caller names.
//!
//! 1. `confirmed`: the file's bytes, and whether they are those that the caller names.
//! 2. `library`: the system's loader; what is opened is never closed.
//! 3. `loaded`: the packs of this process, by content: each is opened and initialised once.
//! 4. Here: its nodes become classes of a host, all or none.
//! 5. `allowed`: the list that the command reads.
//!
//! `api` is what `init` is given, and programs as well: all functions as a table.

mod allowed;
mod api;
mod confirmed;
mod library;
mod loaded;

use std::ffi::{c_char, c_void};
use std::path::Path;

use amdm::limits;
use amdm_runtime::{Host, NativeFile, Registration};

pub use self::allowed::load_native_packs;
pub(crate) use self::api::API;
pub use self::api::AmdmApi;
use self::confirmed::Confirmed;
use crate::handle::HANDLES;
use crate::hash::hex;
use crate::host::AmdmHost;
use crate::layout::{Versioned, optional, read, text};
use crate::node::{self, AmdmNodeVtable};
use crate::status::{
    AMDM_STATUS_DENIED, AMDM_STATUS_PACK_INVALID, AmdmStatus, Fail, callback, outside,
};

/// Id of the factory of nodes.
const NODES: &std::ffi::CStr = c"amdm.nodes/0";

/// What a native pack exports, as the data symbol `amdm_pack_entry`.
///
/// A process opens a pack once, by its content: hosts that load the same bytes share it, wherever
/// they lie. It is never closed. On Linux what runs is a copy in memory of the bytes whose SHA-256
/// was checked, so nobody can exchange the file in between; the loader looks for other libraries in
/// the system's places alone (`$ORIGIN` is not the pack's directory). On other systems the file is
/// opened again by its path: there its directory must be writable by nobody else.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmPackEntry {
    /// `sizeof(AmdmPackEntry)`.
    pub struct_size: usize,
    /// `AMDM_ABI_MAJOR` of the header that it was compiled with; another one is refused. The first
    /// three fields stay where they are in all versions.
    pub abi_major: u32,
    /// `AMDM_ABI_MINOR` of that header; a library with a lower one refuses the pack.
    pub abi_minor: u32,
    /// Called before anything else of the pack, with the library's functions and the canonical path
    /// that the pack was loaded from first: once in a process, or until it returns 0. May be NULL.
    /// A pack that calls the library must do so through this table: its own symbols may not be
    /// found.
    pub init: Option<unsafe extern "C" fn(api: *const AmdmApi, path: *const c_char) -> AmdmStatus>,
    /// Kept for a later version; never called, as packs are not unloaded. May be NULL.
    pub deinit: Option<unsafe extern "C" fn()>,
    /// Gives what the pack brings of a kind, or NULL. `amdm.nodes/0` gives an `AmdmNodeFactory`.
    /// Called by each host that loads the pack, by one at a time.
    pub get_factory: Option<unsafe extern "C" fn(id: *const c_char) -> *const c_void>,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmPackEntry {
    const FIRST: usize = std::mem::offset_of!(Self, get_factory) + size_of::<usize>();
}

/// The nodes of a native pack: all of them become classes of the host, or none.
///
/// Names of packs in their descriptors are the file's own: nodes cannot be added to a pack that is
/// there already.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNodeFactory {
    /// `sizeof(AmdmNodeFactory)`.
    pub struct_size: usize,
    /// How many nodes there are, 1 at the least.
    pub count: u32,
    /// 0.
    pub reserved: u32,
    /// The node `index`, 0 to `count - 1`; lives as long as the process.
    ///
    /// Each host that loads the pack asks for it, and calls the vtable's `destroy` once: when it
    /// needs the class no more, or at once where it refuses the pack. So a `destroy` comes as often
    /// as a vtable was given, and must leave alone what the next host needs.
    pub node: Option<unsafe extern "C" fn(index: u32) -> *const AmdmNodeVtable>,
}

// SAFETY: as above.
unsafe impl Versioned for AmdmNodeFactory {
    const FIRST: usize = std::mem::offset_of!(Self, node) + size_of::<usize>();
}

/// Load the pack as native code, which is not isolated: it can do whatever the process can.
pub const AMDM_LOAD_NATIVE: u32 = 1;

/// Adds a pack from a file, for the graphs that are made from now on.
///
/// Without flags the file is a WebAssembly component, which runs isolated, and `sha256` may be
/// NULL; where it is given (64 hexadecimal digits), another file is refused. With
/// `AMDM_LOAD_NATIVE` it is a library with the symbol `amdm_pack_entry`, and `sha256` must be
/// given: loading it runs its code with all rights of the process. It is never unloaded; see
/// `AmdmPackEntry`. Its nodes are there together, or after a failure none of them. From then on
/// `amdm_host_info` lists it, and the log of every run of the host begins with a warning
/// (`AMDM_LOG_WARN`) that native code is loaded, with its path and SHA-256.
///
/// Failures: `PACK_INVALID`; `ABI_MISMATCH` for a native pack of another version, with both
/// numbers; `DENIED` for another file than `sha256` says; `INPUT_OUTPUT` for a file that cannot be
/// read or is larger than packs may be (64 MiB).
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_load_pack(
    host: *mut AmdmHost,
    path: *const c_char,
    flags: u32,
    sha256: *const c_char,
) -> AmdmStatus {
    outside(|| {
        let host = HANDLES.get::<crate::host::Host>(host as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (path, expected) = unsafe { (text(path, "path")?, optional(sha256, "sha256")?) };
        if flags & !AMDM_LOAD_NATIVE != 0 {
            return Err(Fail::argument(format!("found flags {flags}, expected AMDM_LOAD_*")));
        }
        let path = Path::new(path);
        if flags & AMDM_LOAD_NATIVE != 0 {
            return load(host.runtime(), path, expected, &mut |_, _| {});
        }
        match expected {
            None => host.runtime().load_pack(path)?,
            Some(expected) => {
                let file = Confirmed::read(host.runtime(), path, expected)?;
                host.runtime().load_pack_from(path, file.bytes)?;
            }
        }
        Ok(())
    })
}

/// Loads a native pack and registers its nodes, all or none; does nothing where the host has it.
fn load(
    host: &Host,
    path: &Path,
    expected: Option<&str>,
    tell: &mut dyn FnMut(&Path, &str),
) -> Result<(), Fail> {
    let Some(expected) = expected else {
        let message = "a native pack runs with all rights: its SHA-256 must be given";
        return Err(Fail::new(AMDM_STATUS_DENIED, message));
    };
    let file = Confirmed::read(host, path, expected)?;
    let hash = hex(&file.sha256);
    if host.native_packs().iter().any(|pack| pack.file.sha256 == file.sha256) {
        return Ok(());
    }
    tracing::warn!(path = %file.path.display(), sha256 = hash, "loading native code");
    tell(&file.path, &hash);
    let about = |fail: Fail| {
        let message = format!("{} {}", file.path.display(), fail.message);
        Fail { message, ..fail }
    };
    // SAFETY: the caller has named these very bytes as ones that may run their code.
    let classes = unsafe { loaded::with(&file, &raw const API, |entry| classes(host, entry)) }
        .map_err(about)?;
    let file = NativeFile { path: file.path.clone(), sha256: file.sha256 };
    host.register_native(&file, classes).map_err(|failure| {
        let message = format!("{}: {}", file.path.display(), failure.message);
        Fail::new(AMDM_STATUS_PACK_INVALID, message)
    })
}

/// A failure of a pack's, whose path goes before the message.
fn invalid(message: impl std::fmt::Display) -> Fail {
    Fail::new(AMDM_STATUS_PACK_INVALID, format!("is no native pack: {message}"))
}

/// All nodes of a pack.
///
/// # Safety
/// `entry` is that of a pack that is open and initialised.
unsafe fn classes(host: &Host, entry: &AmdmPackEntry) -> Result<Vec<Registration>, Fail> {
    let factory = entry.get_factory.ok_or_else(|| invalid("it has no get_factory"))?;
    // SAFETY: as the entry's documentation says.
    let factory = callback(|| unsafe { factory(NODES.as_ptr()) });
    // SAFETY: the factory of this id is an `AmdmNodeFactory`.
    let factory = unsafe { read(factory.cast::<AmdmNodeFactory>(), "amdm.nodes/0") }
        .map_err(|fail| invalid(fail.message))?;
    let node = factory.node.ok_or_else(|| invalid("its factory has no node"))?;
    let (count, most) = (factory.count, limits::GRAPH_NODES);
    if count == 0 || count as usize > most {
        return Err(invalid(format!("found {count} nodes, expected 1 to {most}")));
    }
    let class = |index| {
        // SAFETY: as the factory's documentation says.
        let vtable = callback(|| unsafe { node(index) });
        // SAFETY: as above.
        let class = unsafe { node::class(Ok(host), vtable) };
        class.map_err(|fail| invalid(format!("its node {index}: {}", fail.message)))
    };
    (0..count).map(class).collect()
}
