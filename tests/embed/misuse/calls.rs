//! Calls with arguments that are wrong as often as not, from anywhere.

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use amdm_capi::*;

use super::dice::Dice;
use crate::library::{NOTHING, api, last_error};

/// Handles of all kinds that were given lately, alive or not.
static SEEN: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
static GIVEN: AtomicUsize = AtomicUsize::new(0);
/// What no call may do.
pub static WRONG: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Calls so far.
pub static CALLS: AtomicUsize = AtomicUsize::new(0);

/// Remembers a handle.
pub fn seen(handle: usize) {
    SEEN[GIVEN.fetch_add(1, Relaxed) % SEEN.len()].store(handle, Relaxed);
}

/// A handle of any kind.
pub fn some() -> *mut c_void {
    let at = CALLS.load(Relaxed).wrapping_mul(31) % SEEN.len();
    std::ptr::without_provenance_mut(SEEN[at].load(Relaxed))
}

pub fn wrong(text: String) {
    WRONG.lock().unwrap().push(text);
}

/// Notes a status that is none, or that says that the library has a defect.
pub fn judged(status: AmdmStatus) -> AmdmStatus {
    CALLS.fetch_add(1, Relaxed);
    if !(AMDM_STATUS_PACK_MISMATCH..=AMDM_STATUS_OK).contains(&status)
        || status == AMDM_STATUS_PANIC
    {
        wrong(format!("status {status}: {}", last_error()));
    }
    status
}

/// The status of the second destruction of something that is not NULL.
pub fn again<T>(what: &str, handle: *mut T, status: AmdmStatus) {
    judged(status);
    if !handle.is_null() && status != AMDM_STATUS_INVALID_HANDLE {
        wrong(format!("{what} was destroyed again with status {status}"));
    }
}

/// A handle that is wrong.
pub fn handle(dice: &mut Dice) -> *mut c_void {
    match dice.below(6) {
        0 => std::ptr::null_mut(),
        1 => std::ptr::without_provenance_mut(dice.next() as usize),
        // The next generation, or another kind.
        2 => std::ptr::without_provenance_mut(some().addr() ^ 1 << dice.below(40)),
        _ => {
            let at = dice.below(SEEN.len());
            std::ptr::without_provenance_mut(SEEN[at].load(Relaxed))
        }
    }
}

/// Frees a text, where one was given.
pub unsafe fn told(status: AmdmStatus, mut text: AmdmString) {
    if judged(status) != AMDM_STATUS_OK
        && status != AMDM_STATUS_INVALID_GRAPH
        && !text.ptr.is_null()
    {
        wrong(format!("status {status} left a text"));
    }
    unsafe { judged((api().string_free)(&mut text)) };
}

/// One call that may come on any thread and inside any callback.
pub unsafe fn inside(dice: &mut Dice) {
    let (api, one, mut place) = (api(), handle(dice), std::ptr::null_mut::<c_void>());
    let (name, image) = (c"show".as_ptr(), &mut unsafe { std::mem::zeroed::<AmdmImage>() });
    image.struct_size = dice.size(size_of::<AmdmImage>());
    unsafe {
        match dice.below(22) {
            0 => judged((api.run_cancel)(one.cast(), dice.below(4) as u32)),
            1 => judged((api.run_poll)(one.cast(), &mut 0)),
            2 => judged((api.run_wait)(one.cast(), 0)),
            3 => judged((api.host_destroy)(inert(one, dice).cast())),
            4 => judged((api.run_destroy)(inert(one, dice).cast())),
            5 => judged((api.graph_destroy)(inert(one, dice).cast())),
            6 => judged((api.run_start)(inert(one, dice).cast())),
            7 => judged((api.run_execute)(inert(one, dice).cast())),
            8 => judged((api.tensor_release)(one.cast())),
            9 => {
                let status = judged((api.tensor_retain)(one.cast()));
                if status == AMDM_STATUS_OK {
                    judged((api.tensor_release)(one.cast()));
                }
                status
            }
            10 => {
                let mut info = std::mem::zeroed::<AmdmTensorInfo>();
                info.struct_size = dice.size(size_of::<AmdmTensorInfo>());
                judged((api.tensor_info)(one.cast(), &mut info))
            }
            11 => {
                let out = (&raw mut place).cast();
                let status = judged((api.tensor_from_dlpack)(one.cast(), place.cast(), 0, out));
                if !place.is_null() {
                    wrong("a tensor out of nothing".into());
                }
                status
            }
            12 => {
                let mut text = NOTHING;
                told((api.host_info)(one.cast(), &mut text), text);
                0
            }
            13 => {
                let mut text = NOTHING;
                told((api.run_output_json)(one.cast(), &mut text), text);
                0
            }
            14 => {
                let status = (api.run_output_image)(one.cast(), name, std::ptr::null(), 0, image);
                if let Some(release) = image.release.filter(|_| status == AMDM_STATUS_OK) {
                    release(image.release_ctx);
                }
                judged(status)
            }
            15 => {
                let mut event = std::mem::zeroed::<AmdmEvent>();
                event.struct_size = dice.size(size_of::<AmdmEvent>());
                judged((api.run_next_event)(one.cast(), 0, &mut event))
            }
            16 => judged((api.graph_validate)(one.cast(), std::ptr::null_mut())),
            17 => judged((api.host_register_node)(one.cast(), std::ptr::null())),
            18 => judged((api.host_register_model)(one.cast(), std::ptr::null())),
            19 => judged((api.run_create)(one.cast(), std::ptr::null(), (&raw mut place).cast())),
            20 => judged((api.host_load_pack)(one.cast(), name, dice.below(4) as u32, name)),
            _ => {
                if (api.last_error)().is_null() || (api.version_string)().is_null() {
                    wrong("found NULL for a text".into());
                }
                0
            }
        };
    }
}

/// The handle, or none on a thread of the test's own, where such a call would do what it says.
fn inert(handle: *mut c_void, dice: &mut Dice) -> *mut c_void {
    match std::thread::current().name() {
        Some("meddler") => std::ptr::without_provenance_mut(dice.next() as usize | 15),
        _ => handle,
    }
}
