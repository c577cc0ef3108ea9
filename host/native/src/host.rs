//! The host behind a handle: what graphs can use, and what has been registered.

use std::ffi::c_char;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use amdm_diffusion::Device;
use amdm_runtime::{CacheDir, HostOptions, Inputs, Limits, NativePack, ResultCache};

use crate::handle::{HANDLES, kind};
use crate::hash::hex;
use crate::layout::{Versioned, give, list, optional, read, text, zeroed};
use crate::log::AMDM_LOG_ERROR;
use crate::status::{
    AMDM_STATUS_ABI_MISMATCH, AMDM_STATUS_WRONG_STATE, AmdmStatus, Fail, must_be_outside, outside,
};
use crate::{AMDM_ABI_MAJOR, memory};

/// Runs graphs; opened once, used for any number of them.
pub struct AmdmHost {
    _private: [u8; 0],
}

/// How a host is opened. Fill it with `amdm_host_desc_init` and change what should differ.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmHostDesc {
    /// `sizeof(AmdmHostDesc)`.
    pub struct_size: usize,
    /// `AMDM_ABI_VERSION` of the header that the caller was compiled with.
    pub abi_version: u32,
    /// Threads on the CPU; 0 takes all cores.
    pub threads: u32,
    /// `auto`, `cpu`, `cuda`, `cuda:1`; NULL means `auto`.
    pub device: *const c_char,
    /// Bytes of tensors that one run may hold; 0 takes the default of 16 GiB.
    pub memory_budget: u64,
    /// Bytes of nodes' results kept in memory between runs; 0 keeps none.
    pub cache_bytes: u64,
    /// Directory of nodes' results on disk, shared by processes; NULL keeps none.
    pub cache_dir: *const c_char,
    /// Directory of compiled packs; NULL takes the user's, an empty text keeps none.
    pub pack_cache_dir: *const c_char,
    /// Directories of models; names of models are files below them.
    pub model_dirs: *const *const c_char,
    /// How many.
    pub model_dir_count: usize,
    /// Directory that graphs read pictures from by name; NULL: pictures come by
    /// `amdm_graph_set_image`.
    pub input_dir: *const c_char,
    /// Least level of lines that become events of runs: `AMDM_LOG_*`; 0 for none. No log is written
    /// to stdout or stderr.
    pub log_level: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmHostDesc {
    const FIRST: usize = size_of::<usize>() + 2 * size_of::<u32>();
}

/// What a host's handle stands for.
pub(crate) struct Host {
    runtime: amdm_runtime::Host,
    input_dir: Option<PathBuf>,
    /// Least level of lines that become events; 0 for none.
    pub log_level: u32,
    /// Its runs; none once it was destroyed.
    runs: Mutex<Option<Vec<Weak<dyn Ends>>>>,
}

/// What ends with its host: a run.
pub(crate) trait Ends: Send + Sync {
    /// Stops it, or keeps it from starting.
    fn end(&self);
    /// Waits until nothing of the embedder's is called any more.
    fn join(&self);
}

kind!(Host, 1, "a host");

impl Host {
    pub fn runtime(&self) -> &amdm_runtime::Host {
        &self.runtime
    }

    pub fn device(&self) -> &Device {
        self.runtime.device()
    }

    /// The pictures that graphs may read by name.
    pub fn inputs(&self) -> Inputs {
        Inputs::new(self.input_dir.clone())
    }

    /// Says in the log what of the host's code is not isolated.
    pub fn warn_of_native_code(&self) {
        for NativePack { name, file, .. } in self.runtime.native_packs() {
            let (path, sha256) = (file.path.display(), hex(&file.sha256));
            tracing::warn!(pack = name, %path, sha256, "native code is loaded");
        }
    }

    /// Remembers a run, which the end of the host ends.
    ///
    /// # Errors
    /// `WRONG_STATE` once it was destroyed.
    pub fn remember(&self, run: Weak<dyn Ends>) -> Result<(), Fail> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = || Fail::new(AMDM_STATUS_WRONG_STATE, "the host was destroyed");
        let runs = runs.as_mut().ok_or_else(ended)?;
        runs.retain(|run| run.strong_count() > 0);
        runs.push(run);
        Ok(())
    }
}

/// Fills a description with the defaults: `auto`, all cores, 512 MiB of results in memory and none
/// on disk, compiled packs in the user's cache directory, no other directories, no log.
///
/// `size` is `sizeof(AmdmHostDesc)`; no more is written.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_desc_init(desc: *mut AmdmHostDesc, size: usize) -> AmdmStatus {
    outside(|| {
        if desc.is_null() || !desc.is_aligned() {
            return Err(Fail::argument("found NULL or a pointer that is not aligned for desc"));
        }
        if size < AmdmHostDesc::FIRST {
            let least = AmdmHostDesc::FIRST;
            return Err(Fail::argument(format!("found size {size}, expected at least {least}")));
        }
        let defaults = AmdmHostDesc {
            struct_size: size,
            abi_version: crate::AMDM_ABI_VERSION,
            cache_bytes: ResultCache::MEMORY_BYTES as u64,
            ..zeroed()
        };
        let from = std::ptr::from_ref(&defaults).cast::<u8>();
        let bytes = size.min(size_of::<AmdmHostDesc>());
        // SAFETY: the caller says that `size` bytes may be written there.
        unsafe { std::ptr::copy_nonoverlapping(from, desc.cast::<u8>(), bytes) };
        Ok(())
    })
}

/// Opens the device, the standard pack and what the description names.
///
/// The description and its texts are copied. `*out` is the caller's, who destroys it.
///
/// Failures: `ABI_MISMATCH` for a header of another major version, `UNSUPPORTED` for a device that
/// this build or machine has not, `INPUT_OUTPUT` for directories that cannot be read.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_create(
    desc: *const AmdmHostDesc,
    out: *mut *mut AmdmHost,
) -> AmdmStatus {
    outside(|| {
        let open = || {
            // SAFETY: as the function's documentation asks of the caller.
            let (desc, options, input_dir) = unsafe {
                let desc = read(desc, "desc")?;
                check_abi(desc.abi_version)?;
                (desc, options(&desc)?, optional(desc.input_dir, "input_dir")?.map(PathBuf::from))
            };
            if let Some(dir) = &input_dir {
                std::fs::read_dir(dir).map_err(|error| {
                    let message = format!("input_dir: cannot read {}: {error}", dir.display());
                    Fail::new(crate::status::AMDM_STATUS_INPUT_OUTPUT, message)
                })?;
            }
            let runtime = amdm_runtime::Host::open(&options)?;
            memory::register(&runtime)?;
            let (log_level, runs) = (desc.log_level, Mutex::new(Some(Vec::new())));
            let host = Arc::new(Host { runtime, input_dir, log_level, runs });
            Ok(HANDLES.insert(host)? as *mut AmdmHost)
        };
        // SAFETY: as above.
        unsafe { give(out, "the host", open) }
    })
}

/// The host that a vtable is to be registered with.
pub(crate) fn registering(host: *mut AmdmHost) -> Result<Arc<Host>, Fail> {
    must_be_outside()?;
    HANDLES.get::<Host>(host as usize)
}

/// Refuses another major version.
pub(crate) fn check_abi(found: u32) -> Result<(), Fail> {
    if found >> 16 == AMDM_ABI_MAJOR {
        return Ok(());
    }
    let (major, minor) = (found >> 16, found & 0xFFFF);
    let message = format!(
        "found version {major}.{minor} of the interface, this library has {}.{}",
        AMDM_ABI_MAJOR,
        crate::AMDM_ABI_MINOR
    );
    Err(Fail::new(AMDM_STATUS_ABI_MISMATCH, message))
}

/// # Safety
/// The description's pointers are as its documentation says.
unsafe fn options(desc: &AmdmHostDesc) -> Result<HostOptions, Fail> {
    if desc.log_level > AMDM_LOG_ERROR {
        let level = desc.log_level;
        return Err(Fail::argument(format!("found log_level {level}, expected 0 or AMDM_LOG_*")));
    }
    // SAFETY: the caller says so.
    let (device, cache_dir, pack_cache, dirs) = unsafe {
        (
            optional(desc.device, "device")?.unwrap_or("auto").to_owned(),
            optional(desc.cache_dir, "cache_dir")?.map(PathBuf::from),
            optional(desc.pack_cache_dir, "pack_cache_dir")?,
            list(desc.model_dirs, desc.model_dir_count, "model_dirs")?,
        )
    };
    // SAFETY: as above.
    let model_dirs = dirs.iter().map(|dir| unsafe { text(*dir, "a model directory") });
    let mut limits = Limits::default();
    if let Some(budget) = usize::try_from(desc.memory_budget).ok().filter(|budget| *budget > 0) {
        limits.run_tensor_bytes = budget;
    }
    let results = ResultCache {
        memory_bytes: usize::try_from(desc.cache_bytes).unwrap_or(usize::MAX),
        dir: cache_dir,
        ..ResultCache::default()
    };
    Ok(HostOptions {
        device,
        threads: desc.threads as usize,
        model_dirs: model_dirs.map(|dir| dir.map(PathBuf::from)).collect::<Result<_, _>>()?,
        cache: match pack_cache {
            None => CacheDir::User,
            Some("") => CacheDir::Off,
            Some(dir) => CacheDir::At(dir.into()),
        },
        results,
        limits,
        ..HostOptions::default()
    })
}

/// Ends a host: its runs are cancelled and waited for, and nothing runs on it any more. Registered
/// nodes and models are destroyed with the last graph or run that uses them. NULL is fine.
///
/// Graphs and runs of the host stay handles, and are destroyed by their own functions; making or
/// starting a run of them is `AMDM_STATUS_WRONG_STATE`.
///
/// \thread any, not inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_destroy(host: *mut AmdmHost) -> AmdmStatus {
    outside(|| {
        let Some(host) = HANDLES.destroy::<Host>(host as usize)? else { return Ok(()) };
        let runs = host.runs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let runs = runs.iter().flatten().filter_map(Weak::upgrade).collect::<Vec<_>>();
        runs.iter().for_each(|run| run.end());
        runs.iter().for_each(|run| run.join());
        Ok(())
    })
}
