//! The C library as programs see it: opened with libloading beside the test, its functions taken
//! from the table that `amdm_get_api` gives. Of the crate itself only structs and constants are
//! used.

use std::ffi::{CStr, CString, c_char};
use std::path::PathBuf;
use std::sync::OnceLock;

use amdm_capi::{
    AMDM_ABI_MAJOR, AMDM_STATUS_OK, AmdmApi, AmdmGraph, AmdmHost, AmdmHostDesc, AmdmRun,
    AmdmStatus, AmdmStr, AmdmString,
};
use libloading::{Library, Symbol};

/// Where cargo puts the library: beside the test.
pub fn path() -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let program = std::env::current_exe().unwrap();
    program.with_file_name(format!("{prefix}amdm_capi{suffix}"))
}

/// The functions of the library, which is never closed.
pub fn api() -> &'static AmdmApi {
    static TABLE: OnceLock<AmdmApi> = OnceLock::new();
    TABLE.get_or_init(|| unsafe {
        let library = Library::new(path()).unwrap();
        let get: Symbol<unsafe extern "C" fn(u32) -> *const AmdmApi> =
            library.get(b"amdm_get_api\0").unwrap();
        let table = *get(AMDM_ABI_MAJOR);
        assert!(get(AMDM_ABI_MAJOR + 1).is_null() && get(0).is_null());
        assert_eq!(table.struct_size, size_of::<AmdmApi>());
        std::mem::forget(library);
        table
    })
}

pub fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// What the library says about the last failure on this thread.
pub fn last_error() -> String {
    unsafe { CStr::from_ptr((api().last_error)()) }.to_str().unwrap().to_owned()
}

/// Fails, with the library's words, for anything but success.
#[track_caller]
pub fn ok(status: AmdmStatus) {
    assert_eq!(status, AMDM_STATUS_OK, "{}", last_error());
}

/// A place for a text.
pub const NOTHING: AmdmString = AmdmString { ptr: std::ptr::null_mut(), len: 0 };

/// A text that the library gave, which is freed.
pub fn taken(mut given: AmdmString) -> String {
    assert!(!given.ptr.is_null());
    let bytes = unsafe { std::slice::from_raw_parts(given.ptr.cast::<u8>(), given.len + 1) };
    assert_eq!(bytes.last(), Some(&0));
    let text = std::str::from_utf8(&bytes[..given.len]).unwrap().to_owned();
    ok(unsafe { (api().string_free)(&mut given) });
    assert!(given.ptr.is_null() && given.len == 0);
    text
}

/// A text that somebody else owns.
pub fn shown(text: AmdmStr) -> String {
    if text.len == 0 {
        return String::new();
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len) };
    std::str::from_utf8(bytes).unwrap().to_owned()
}

/// A description with the defaults, on one thread of the CPU.
pub fn description() -> AmdmHostDesc {
    let mut desc = unsafe { std::mem::zeroed::<AmdmHostDesc>() };
    ok(unsafe { (api().host_desc_init)(&mut desc, size_of::<AmdmHostDesc>()) });
    desc.device = c"cpu".as_ptr();
    desc.threads = 1;
    static PACKS: OnceLock<CString> = OnceLock::new();
    let packs = || text(&format!("{}/packs", env!("CARGO_TARGET_TMPDIR")));
    desc.pack_cache_dir = PACKS.get_or_init(packs).as_ptr();
    desc
}

pub fn open(desc: &AmdmHostDesc) -> *mut AmdmHost {
    let mut host = std::ptr::null_mut();
    ok(unsafe { (api().host_create)(desc, &mut host) });
    assert!(!host.is_null());
    host
}

pub fn graph(host: *mut AmdmHost, json: &serde_json::Value) -> *mut AmdmGraph {
    let (json, mut graph) = (json.to_string(), std::ptr::null_mut());
    let data = json.as_ptr().cast::<c_char>();
    ok(unsafe { (api().graph_from_json)(host, data, json.len(), &mut graph) });
    graph
}

/// A run with the defaults: pictures stay in memory.
pub fn run(graph: *mut AmdmGraph) -> *mut AmdmRun {
    let mut desc = unsafe { std::mem::zeroed::<amdm_capi::AmdmRunDesc>() };
    desc.struct_size = size_of::<amdm_capi::AmdmRunDesc>();
    let mut run = std::ptr::null_mut();
    ok(unsafe { (api().run_create)(graph, &desc, &mut run) });
    run
}
