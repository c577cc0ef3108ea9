//! What the standard library would supply to a component: allocator, panic handler,
//! `cabi_realloc`.
//!
//! A panic traps; the host drops the instance and reports the node.

use core::panic::PanicInfo;

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// How the host makes room in the guest's memory for arguments and results.
///
/// # Safety
/// As the canonical ABI has it: `old` is null and `old_len` 0, or an allocation of `old_len` bytes
/// with that alignment, and `align` is a power of two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    // SAFETY: the caller upholds the canonical ABI, which is what this function asks for.
    unsafe { wit_bindgen::rt::cabi_realloc(old, old_len, align, new_len) }
}
