//! The system's loader, for bytes that were confirmed.
//!
//! Nothing that is opened is closed again, also where it turns out to be no pack: threads that it
//! has begun, and destructors of threads, may lie in it. On Linux the loader is given the bytes
//! themselves, in a file in memory that nobody can change any more. Elsewhere it opens the path
//! once more, and a file that was exchanged since it was read would be loaded; the header says so.

use std::mem::ManuallyDrop;

use libloading::Library;

use super::Confirmed;

/// Opens a library and gives the address of a symbol of it, which stays for good, or what the
/// loader says about the symbol.
///
/// # Errors
/// What the loader says about the library.
///
/// # Safety
/// Runs the library's initialisers.
pub unsafe fn symbol(file: &Confirmed, name: &[u8]) -> Result<Result<usize, String>, String> {
    // SAFETY: the caller says so.
    let library = ManuallyDrop::new(unsafe { open(file)? });
    // SAFETY: the address is only handed on.
    let symbol = unsafe { library.get::<*const u8>(name) }.map_err(|error| reason(&error));
    // SAFETY: the library is never closed.
    Ok(symbol.map(|symbol| unsafe { symbol.try_as_raw_ptr() }.map_or(0, |at| at as usize)))
}

/// What the system's loader says, where it says anything.
fn reason(error: &libloading::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// # Safety
/// Runs the library's initialisers.
#[cfg(target_os = "linux")]
unsafe fn open(file: &Confirmed) -> Result<Library, String> {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    use memfd::{FileSeal, MemfdOptions};

    const RTLD_NODELETE: i32 = 0x1000;
    const SEALS: [FileSeal; 4] =
        [FileSeal::SealWrite, FileSeal::SealGrow, FileSeal::SealShrink, FileSeal::SealSeal];
    let unkept = |error: &dyn std::fmt::Display| format!("it cannot be kept in memory: {error}");
    // What debuggers show; the system takes no long names.
    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.chars().filter(|c| *c != '\0').take(40).collect::<String>();
    let memory = MemfdOptions::default().allow_sealing(true).create(name);
    let memory = memory.map_err(|error| unkept(&error))?;
    memory.as_file().write_all(&file.bytes).map_err(|error| unkept(&error))?;
    memory.add_seals(&SEALS).map_err(|error| unkept(&error))?;
    let path = format!("/proc/self/fd/{}", memory.as_file().as_raw_fd());
    // SAFETY: the caller says so.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) };
    let library = library.map_err(|error| reason(&error))?;
    // The loader knows libraries by path, so this one's must not come to mean another.
    let _ = ManuallyDrop::new(memory.into_file());
    Ok(library.into())
}

/// # Safety
/// Runs the library's initialisers.
#[cfg(all(unix, not(target_os = "linux")))]
unsafe fn open(file: &Confirmed) -> Result<Library, String> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // Of the system's own headers; where there is none, the library is never closed anyway.
    const RTLD_NODELETE: i32 = if cfg!(target_os = "macos") {
        0x80
    } else if cfg!(target_os = "android") {
        0x1000
    } else {
        0
    };
    // SAFETY: the caller says so.
    let library = unsafe { Library::open(Some(&file.path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) };
    Ok(library.map_err(|error| reason(&error))?.into())
}

/// # Safety
/// Runs the library's initialisers.
#[cfg(windows)]
unsafe fn open(file: &Confirmed) -> Result<Library, String> {
    use libloading::os::windows::Library;
    // SAFETY: the caller says so.
    let library = unsafe { Library::new(&file.path) }.map_err(|error| reason(&error))?;
    let library = ManuallyDrop::new(library);
    library.pin().map_err(|error| reason(&error))?;
    Ok(ManuallyDrop::into_inner(library).into())
}
