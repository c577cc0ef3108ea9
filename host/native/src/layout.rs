//! Structs and texts across the border: sizes that tell versions apart, pointers that may be NULL.

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, size_of};

use amdm::limits;

use crate::status::Fail;

/// Text that somebody else owns: UTF-8, not terminated.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AmdmStr {
    /// First byte; may be NULL where `len` is 0.
    pub ptr: *const c_char,
    /// Bytes.
    pub len: usize,
}

/// Text that the caller owns and frees with `amdm_string_free`: UTF-8, and a 0 after it.
#[repr(C)]
#[derive(Debug)]
pub struct AmdmString {
    /// First byte; NULL once freed.
    pub ptr: *mut c_char,
    /// Bytes without the 0.
    pub len: usize,
}

impl AmdmStr {
    pub(crate) fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr().cast(), len: text.len() }
    }
}

impl AmdmString {
    pub(crate) fn new(text: String) -> Self {
        let len = text.len();
        let mut bytes = text.into_bytes();
        bytes.push(0);
        let bytes = bytes.into_boxed_slice();
        Self { ptr: Box::into_raw(bytes).cast(), len }
    }

    /// Frees the text and clears the struct.
    ///
    /// # Safety
    /// `self` was made by [`Self::new`], or is cleared.
    pub(crate) unsafe fn free(&mut self) {
        let (ptr, len) = (self.ptr, self.len);
        (self.ptr, self.len) = (std::ptr::null_mut(), 0);
        if !ptr.is_null() {
            let bytes = std::ptr::slice_from_raw_parts_mut(ptr.cast::<u8>(), len + 1);
            // SAFETY: `new` made a box of `len + 1` bytes, and the pointer is forgotten above.
            drop(unsafe { Box::from_raw(bytes) });
        }
    }
}

/// Structs that start with their size.
///
/// # Safety
/// The type is `repr(C)`, its first field is `struct_size: usize`, and all bytes 0 are a valid
/// value.
pub(crate) unsafe trait Versioned: Copy {
    /// Bytes up to the end of the last field that the first version cannot do without; a caller
    /// with fewer has another struct. Fields that are added later do not count, so it is never the
    /// size of the struct as it stands.
    const FIRST: usize = size_of::<usize>();
}

/// A struct with all bytes 0.
pub(crate) const fn zeroed<T: Versioned>() -> T {
    // SAFETY: `Versioned` says that zeros are a valid value; fields of C's have no invalid values.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// More bytes than any struct of any version has.
const SIZE_MAX: usize = 1 << 16;

/// Reads a struct of any version: what the caller's lacks is 0.
///
/// # Safety
/// `from` is NULL or points to a struct whose first field is its size in bytes.
pub(crate) unsafe fn read<T: Versioned>(from: *const T, name: &str) -> Result<T, Fail> {
    // SAFETY: the caller says what the pointers must be.
    let size = unsafe { size(from, name)? };
    let mut value = zeroed::<T>();
    let (bytes, to) = (size.min(size_of::<T>()), (&raw mut value).cast::<u8>());
    // SAFETY: the caller's struct has `size` bytes, ours as many as T.
    unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to, bytes) };
    Ok(value)
}

/// Writes a struct of any version; its size stays the caller's.
///
/// # Safety
/// As [`read`], and the struct may be written to.
pub(crate) unsafe fn write<T: Versioned>(to: *mut T, value: &T, name: &str) -> Result<(), Fail> {
    // SAFETY: the caller says what the pointers must be.
    let size = unsafe { size(to, name)? };
    let skip = size_of::<usize>();
    let bytes = size.min(size_of::<T>()) - skip;
    // SAFETY: both have at least `skip + bytes` bytes.
    unsafe {
        let from = std::ptr::from_ref(value).cast::<u8>().add(skip);
        std::ptr::copy_nonoverlapping(from, to.cast::<u8>().add(skip), bytes);
    }
    Ok(())
}

/// The size that a caller's struct says it has.
///
/// # Safety
/// As [`read`].
unsafe fn size<T: Versioned>(from: *const T, name: &str) -> Result<usize, Fail> {
    if from.is_null() {
        return Err(Fail::argument(format!("found NULL for {name}")));
    }
    if !from.is_aligned() {
        return Err(Fail::argument(format!("found a misaligned {name}")));
    }
    // SAFETY: not NULL, aligned, and the first field is the size.
    let size = unsafe { from.cast::<usize>().read() };
    // No compiler gives a struct a size that cuts a pointer in two.
    if size < T::FIRST || size > SIZE_MAX || size % align_of::<T>() != 0 {
        let (least, whole) = (T::FIRST, size_of::<T>());
        let message = format!(
            "found {name}.struct_size {size}, expected at least {least} (this version has {whole})"
        );
        return Err(Fail::argument(message));
    }
    Ok(size)
}

/// A text that must be there.
///
/// # Safety
/// `text` is NULL or ends in a 0, and lives as long as the result is used.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str, Fail> {
    // SAFETY: the caller says what the pointers must be.
    unsafe { optional(text, name)? }.ok_or_else(|| Fail::argument(format!("found NULL for {name}")))
}

/// A text that may be NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional<'a>(
    text: *const c_char,
    name: &str,
) -> Result<Option<&'a str>, Fail> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller says that it ends.
    let bytes = unsafe { CStr::from_ptr(text) };
    let text = bytes.to_str();
    text.map(Some).map_err(|_| Fail::argument(format!("found {name} that is not UTF-8")))
}

/// A text of a given length.
///
/// # Safety
/// `ptr` is NULL or points to `len` bytes that live as long as the result is used.
pub(crate) unsafe fn sized<'a>(
    ptr: *const c_char,
    len: usize,
    name: &str,
) -> Result<&'a str, Fail> {
    if len > limits::GRAPH_BYTES {
        let most = limits::GRAPH_BYTES;
        return Err(Fail::argument(format!("found {len} bytes at {name}, at most {most}")));
    }
    // SAFETY: the caller says what the pointers must be.
    let bytes = unsafe { slice(ptr.cast::<u8>(), len, name)? };
    std::str::from_utf8(bytes)
        .map_err(|_| Fail::argument(format!("found {name} that is not UTF-8")))
}

/// A list of a given length.
///
/// # Safety
/// As [`sized`], for `len` values.
pub(crate) unsafe fn slice<'a, T>(ptr: *const T, len: usize, name: &str) -> Result<&'a [T], Fail> {
    if len == 0 {
        return Ok(&[]);
    }
    let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| isize::try_from(*bytes).is_ok());
    if ptr.is_null() || !ptr.is_aligned() || bytes.is_none() {
        return Err(Fail::argument(format!("found no list of {len} at {name}")));
    }
    // SAFETY: not NULL, aligned, and the caller says that `len` values are there.
    Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
}

/// A list of handles, names or numbers; longer ones than anybody needs are a slip.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn list<'a, T>(ptr: *const T, len: usize, name: &str) -> Result<&'a [T], Fail> {
    if len > limits::GRAPH_NODES {
        let most = limits::GRAPH_NODES;
        return Err(Fail::argument(format!("found a list of {len} at {name}, at most {most}")));
    }
    // SAFETY: as the caller says.
    unsafe { slice(ptr, len, name) }
}

/// Gives the caller a handle. `out` is cleared first, so that nobody uses what a failed call left
/// there.
///
/// # Safety
/// `out` is NULL or may be written to.
pub(crate) unsafe fn give<T>(
    out: *mut *mut T,
    name: &str,
    make: impl FnOnce() -> Result<*mut T, Fail>,
) -> Result<(), Fail> {
    // SAFETY: the caller says so.
    unsafe { put(out, std::ptr::null_mut(), name)? };
    let made = make()?;
    // SAFETY: as above.
    unsafe { put(out, made, name) }
}

/// Gives the caller a text. `out` is cleared first, so that nobody frees what a failed call left
/// there.
///
/// # Safety
/// `out` is NULL or may be written to.
pub(crate) unsafe fn tell(
    out: *mut AmdmString,
    make: impl FnOnce() -> Result<String, Fail>,
) -> Result<(), Fail> {
    let nothing = AmdmString { ptr: std::ptr::null_mut(), len: 0 };
    // SAFETY: the caller says so.
    unsafe { put(out, nothing, "the text")? };
    let text = make()?;
    // SAFETY: as above.
    unsafe { put(out, AmdmString::new(text), "the text") }
}

/// A place for a plain value.
///
/// # Safety
/// `out` is NULL or may be written to.
pub(crate) unsafe fn put<T>(out: *mut T, value: T, name: &str) -> Result<(), Fail> {
    if out.is_null() || !out.is_aligned() {
        return Err(Fail::argument(format!(
            "found NULL or a pointer that is not aligned for {name}"
        )));
    }
    // SAFETY: not NULL, aligned, and the caller says that it may be written to.
    unsafe { out.write(value) };
    Ok(())
}
