//! What native code sees of a host: functions, tables and vtables in C, and native packs.
//!
//! The command loads native packs with it, and `libamdm` (crate `amdm-capi`) is its functions as a
//! library with a header, which a test generates from this crate. All functions are here, not only
//! what a callback is handed: a pack's `init` is given every one of them ([`AmdmApi`]), also by the
//! command, which is without the library.
//!
//! * `status`, `layout`, `handle`: codes and the guard around every body, structs by size, handles
//!   that are never dereferenced.
//! * `host`, `graph`, `run` (with `log`): the life of a run.
//! * `picture`, `tensor`, `dlpack`, `memory`: pixels and values in and out.
//! * `node`, `model` (with `context` and `tables`): the embedder's own nodes and networks; `given`
//!   (with `lent`): those of one graph.
//! * `pack`: packs of native code; `api`: the functions as a table.
//!
//! What everything does is said once, in the documentation that becomes the header.
#![allow(clippy::missing_safety_doc)] // Callers are C: the header says what pointers must be.

// The header has constants and functions in the order of these lines.
mod context;
mod facts;
mod graph;
mod handle;
mod hash;
mod host;
mod layout;
mod lent;
mod own;
mod status;

mod pack;

mod node;

mod model;

mod given;

mod host_info;
mod memory;
mod picture;
mod run;

mod log;
mod tables;

mod dlpack;
mod tensor;

use std::ffi::{CStr, c_char};

use self::status::{guard, last_error};

pub use context::*;
pub use dlpack::*;
pub use given::*;
pub use graph::*;
pub use host::*;
pub use host_info::*;
pub use layout::{AmdmStr, AmdmString};
pub use log::*;
pub use model::*;
pub use node::*;
pub use pack::*;
pub use picture::*;
pub use run::*;
pub use status::*;
pub use tables::*;
pub use tensor::*;

/// Major version of the interface: a program and a library of different ones do not fit.
pub const AMDM_ABI_MAJOR: u32 = 1;
/// Minor version of the interface: a library has all functions of lower ones.
pub const AMDM_ABI_MINOR: u32 = 0;
/// Both, as `AmdmHostDesc.abi_version` takes them.
pub const AMDM_ABI_VERSION: u32 = 65536;

/// The library's version.
const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// The version of the interface that the library has: `major << 16 | minor`.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub extern "C" fn amdm_abi_version() -> u32 {
    AMDM_ABI_MAJOR << 16 | AMDM_ABI_MINOR
}

/// The version of the library, such as `0.1.0`; lives as long as the process.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub extern "C" fn amdm_version_string() -> *const c_char {
    VERSION.as_ptr()
}

/// Why the last call on this thread that failed did so, for people; never NULL. It lives until the
/// next call of the library on this thread.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub extern "C" fn amdm_last_error() -> *const c_char {
    last_error()
}

/// Frees a text that the library gave and clears the struct; NULL, and a cleared struct, are fine.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_string_free(text: *mut AmdmString) -> AmdmStatus {
    guard(|| {
        if !text.is_null() && text.is_aligned() {
            // SAFETY: as the function's documentation asks of the caller.
            unsafe { (*text).free() };
        }
        Ok(())
    })
}

/// The seed of the noise that lane `lane`, counted from 0, of a sampling with `seed` draws where the
/// graph gives the lane none: a stream of `AmdmGeneratorApi` with it gives the same values. Lane 0 has
/// `seed` itself. The function never changes.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub extern "C" fn amdm_lane_seed(seed: u64, lane: u32) -> u64 {
    amdm::rng::lane_seed(seed, lane)
}

/// The functions of the library as a table, for programs that load it with `dlopen`; NULL where the
/// library has another major version than `abi_major`. It lives as long as the library.
///
/// \thread any, also inside callbacks
#[unsafe(no_mangle)]
pub extern "C" fn amdm_get_api(abi_major: u32) -> *const AmdmApi {
    if abi_major == AMDM_ABI_MAJOR { &raw const API } else { std::ptr::null() }
}
