//! What the standard library would supply to a component: allocator, panic handler,
//! `cabi_realloc`.
//!
//! A panic traps; the host drops the instance and reports the node.

use core::alloc::Layout;
use core::arch::wasm32::unreachable;
use core::panic::PanicInfo;
use core::ptr;

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unreachable()
}

// Compiled code calls `memcpy`, `memcmp` and the like; on this target they are in the C library
// that comes with the toolchain. Nothing else of it is linked, so nothing of WASI is imported.
#[link(name = "c")]
unsafe extern "C" {}

/// How the host makes room in the guest's memory for arguments and results. Out of memory traps.
///
/// # Safety
/// As the canonical ABI has it: `old` is null and `old_len` 0, or an allocation of `old_len` bytes
/// with that alignment; `align` is a power of two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    if new_len == 0 {
        // Any aligned address does for no bytes.
        return ptr::without_provenance_mut(align);
    }
    let new = if old_len == 0 {
        let Ok(layout) = Layout::from_size_align(new_len, align) else { unreachable() };
        // SAFETY: the size is not 0.
        unsafe { alloc::alloc::alloc(layout) }
    } else {
        let Ok(layout) = Layout::from_size_align(old_len, align) else { unreachable() };
        // SAFETY: the caller says that `old` has this layout; the new size is not 0.
        unsafe { alloc::alloc::realloc(old, layout, new_len) }
    };
    if new.is_null() {
        unreachable()
    }
    new
}
