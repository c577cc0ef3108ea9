//! The host behind a handle: what graphs can use, and what has been registered.

use std::ffi::c_char;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use amdm_diffusion::Device;
use amdm_runtime::{CacheDir, HostOptions, Inputs, Limits, NativePack, Origin, ResultCache};
use serde_json::json;

use crate::handle::{HANDLES, Kind};
use crate::layout::{AmdmString, Versioned, clear, list, no_text, optional, put, read, text};
use crate::model::AmdmModelVtable;
use crate::node::AmdmNodeVtable;
use crate::run::Run;
use crate::status::{
    AMDM_STATUS_ABI_MISMATCH, AMDM_STATUS_WRONG_STATE, AmdmStatus, Fail, guard, must_be_outside,
    outside,
};
use crate::tables::AMDM_LOG_ERROR;
use crate::{AMDM_ABI_MAJOR, memory, native};

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
    /// Directory that graphs read pictures from by name; NULL: pictures come by `amdm_graph_set_image`.
    pub input_dir: *const c_char,
    /// Least level of lines that become events of runs: `AMDM_LOG_*`; 0 for none. No log is written to
    /// stdout or stderr.
    pub log_level: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmHostDesc {
    const FIRST: usize = size_of::<usize>() + 2 * size_of::<u32>();
}

/// Load the pack as native code, which is not isolated: it can do whatever the process can.
pub const AMDM_LOAD_NATIVE: u32 = 1;

/// What a host's handle stands for.
pub(crate) struct Host {
    runtime: amdm_runtime::Host,
    input_dir: Option<PathBuf>,
    log_level: u32,
    /// Its runs; none once it was destroyed.
    runs: Mutex<Option<Vec<Weak<Run>>>>,
}

impl Kind for Host {
    const KIND: usize = 1;
    const NAME: &'static str = "a host";
}

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

    pub fn log_level(&self) -> u32 {
        self.log_level
    }

    /// Says in the log what of the host's code is not isolated.
    pub fn warn_of_native_code(&self) {
        for NativePack { name, file, .. } in self.runtime.native_packs() {
            let (path, sha256) = (file.path.display(), native::hex(&file.sha256));
            tracing::warn!(pack = name, %path, sha256, "native code is loaded");
        }
    }

    /// Remembers a run, which the end of the host ends.
    ///
    /// # Errors
    /// `WRONG_STATE` once it was destroyed.
    pub fn remember(&self, run: &Arc<Run>) -> Result<(), Fail> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = || Fail::new(AMDM_STATUS_WRONG_STATE, "the host was destroyed");
        let runs = runs.as_mut().ok_or_else(ended)?;
        runs.retain(|run| run.strong_count() > 0);
        runs.push(Arc::downgrade(run));
        Ok(())
    }
}

/// Fills a description with the defaults: `auto`, all cores, 512 MiB of results in memory and none on
/// disk, compiled packs in the user's cache directory, no other directories, no log.
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
            threads: 0,
            device: std::ptr::null(),
            memory_budget: 0,
            cache_bytes: ResultCache::MEMORY_BYTES as u64,
            cache_dir: std::ptr::null(),
            pack_cache_dir: std::ptr::null(),
            model_dirs: std::ptr::null(),
            model_dir_count: 0,
            input_dir: std::ptr::null(),
            log_level: 0,
            reserved: 0,
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
        // SAFETY: as the function's documentation asks of the caller.
        let (desc, options) = unsafe {
            clear(out, "the host")?;
            let desc = read(desc, "desc")?;
            check_abi(desc.abi_version)?;
            (desc, options(&desc)?)
        };
        // SAFETY: as above.
        let input_dir = unsafe { optional(desc.input_dir, "input_dir")? }.map(PathBuf::from);
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
        let handle = HANDLES.insert(host)? as *mut AmdmHost;
        // SAFETY: as above.
        unsafe { put(out, handle, "the host") }
    })
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

/// Ends a host: its runs are cancelled and waited for, and nothing runs on it any more. Registered nodes
/// and models are destroyed with the last graph or run that uses them. NULL is fine.
///
/// Graphs and runs of the host stay handles, and are destroyed by their own functions; making or starting
/// a run of them is `AMDM_STATUS_WRONG_STATE`.
///
/// \thread any, not inside callbacks
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_destroy(host: *mut AmdmHost) -> AmdmStatus {
    outside(|| {
        if host.is_null() {
            return Ok(());
        }
        let Some(host) = HANDLES.release::<Host>(host as usize)? else { return Ok(()) };
        let runs = host.runs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let runs = runs.iter().flatten().filter_map(Weak::upgrade).collect::<Vec<_>>();
        runs.iter().for_each(|run| run.end());
        runs.iter().for_each(|run| run.join());
        Ok(())
    })
}

/// Adds a pack from a file, for the graphs that are made from now on.
///
/// Without flags the file is a WebAssembly component, which runs isolated, and `sha256` may be NULL;
/// where it is given (64 hexadecimal digits), another file is refused. With `AMDM_LOAD_NATIVE` it is a
/// library with the symbol `amdm_pack_entry`, and `sha256` must be given: loading it runs its code with
/// all rights of the process. It is never unloaded; see `AmdmPackEntry`. Its nodes are there together, or
/// after a failure none of them. From then on `amdm_host_info` lists it, and the log of every run of the
/// host begins with a warning (`AMDM_LOG_WARN`) that native code is loaded, with its path and SHA-256.
///
/// Failures: `PACK_INVALID`; `ABI_MISMATCH` for a native pack of another version, with both numbers;
/// `DENIED` for another file than `sha256` says; `INPUT_OUTPUT` for a file that cannot be read or is
/// larger than packs may be (64 MiB).
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
        let host = HANDLES.get::<Host>(host as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (path, expected) = unsafe { (text(path, "path")?, optional(sha256, "sha256")?) };
        if flags & !AMDM_LOAD_NATIVE != 0 {
            return Err(Fail::argument(format!("found flags {flags}, expected AMDM_LOAD_*")));
        }
        let path = Path::new(path);
        if flags & AMDM_LOAD_NATIVE != 0 {
            return native::load(&host.runtime, path, expected, &mut |_, _| {});
        }
        match expected {
            None => host.runtime.load_pack(path)?,
            Some(expected) => {
                let file = native::Confirmed::read(&host.runtime, path, expected)?;
                host.runtime.load_pack_from(path, file.bytes)?;
            }
        }
        Ok(())
    })
}

/// Adds a class of nodes of the caller's own, for the graphs that are made from now on.
///
/// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
/// class, or at once where this fails.
///
/// Failures: `INVALID_ARGUMENT` for what is no descriptor, `INVALID_INPUT` for a class that is there
/// already or is not named after its pack, `DENIED` for a pack named `amdm:*`.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_register_node(
    host: *mut AmdmHost,
    vtable: *const AmdmNodeVtable,
) -> AmdmStatus {
    guard(|| {
        let host = must_be_outside().and_then(|()| HANDLES.get::<Host>(host as usize));
        // SAFETY: as the function's documentation asks of the caller.
        let host = host.as_ref().map(|host| host.runtime()).map_err(Clone::clone);
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { crate::node::register(host, vtable) }
    })
}

/// Adds a model of the caller's own, which graphs load by its name in `ModelLoader`.
///
/// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
/// model, or at once where this fails.
///
/// Failures: `INVALID_ARGUMENT` for an `info_json` that does not fit, `INVALID_INPUT` for a name that is
/// taken.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_register_model(
    host: *mut AmdmHost,
    vtable: *const AmdmModelVtable,
) -> AmdmStatus {
    guard(|| {
        let host = must_be_outside().and_then(|()| HANDLES.get::<Host>(host as usize));
        // SAFETY: as the function's documentation asks of the caller.
        let host = host.as_ref().map(|host| host.runtime()).map_err(Clone::clone);
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { crate::model::register(host, vtable) }
    })
}

/// Writes all classes of nodes as a JSON list of descriptors; the caller frees the text.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_node_schemas(
    host: *mut AmdmHost,
    out: *mut AmdmString,
) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { no_text(out)? };
        let host = HANDLES.get::<Host>(host as usize)?;
        let catalogue = host.runtime.catalogue_for(host.inputs());
        let nodes = catalogue.nodes().filter(|node| node.pack != memory::PACK);
        let nodes = nodes.map(|node| {
            let mut node = amdm::catalogue::Descriptor::clone(node);
            // The names that the host lists now.
            for input in node.inputs.iter_mut().filter(|input| input.choices.is_empty()) {
                let names = input.choices_from.as_ref().and_then(|kind| catalogue.choices(kind));
                let choice = |name| amdm::catalogue::Choice { name, ..Default::default() };
                input.choices = names.into_iter().flatten().map(choice).collect();
            }
            node
        });
        let json = serde_json::to_string(&nodes.collect::<Vec<_>>())
            .map_err(|error| Fail::new(crate::status::AMDM_STATUS_INTERNAL, error.to_string()))?;
        // SAFETY: as above.
        unsafe { put(out, AmdmString::new(json), "the text") }
    })
}

/// Writes facts about a model as a JSON object, as `AmdmModelVtable.info_json` has them: for instance what
/// it can be conditioned with (`conditioning_schema`, JSON Schema) and how large its latents are. The model is
/// loaded, if it was not. The caller frees the text.
///
/// Failures: `NOT_FOUND` with the names that there are, and those of loading.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_model_info(
    host: *mut AmdmHost,
    name: *const c_char,
    out: *mut AmdmString,
) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let name = unsafe {
            no_text(out)?;
            text(name, "name")?
        };
        let host = HANDLES.get::<Host>(host as usize)?;
        let model = host.runtime.models().load(name, "")?;
        let info = crate::model::info_json(model.info());
        // SAFETY: as above.
        unsafe { put(out, AmdmString::new(info), "the text") }
    })
}

/// Writes facts about the host as a JSON object: `version`, `abi`, `device`, `threads`, `memory_budget`,
/// `packs`, `models`; the caller frees the text.
///
/// Each of `packs` has `name`, `version`, `sha256` (of what was loaded), `built_in`, `native`, and where it
/// is not built in `path`. `native` is true for what `AMDM_LOAD_NATIVE` loaded: its code is not isolated.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_info(host: *mut AmdmHost, out: *mut AmdmString) -> AmdmStatus {
    outside(|| {
        // SAFETY: as the function's documentation asks of the caller.
        unsafe { no_text(out)? };
        let host = HANDLES.get::<Host>(host as usize)?;
        let packs = host.runtime.packs();
        let packs = packs.iter().map(|pack| {
            let mut about = json!({
                "name": pack.name(), "version": pack.version(),
                "sha256": native::hex(&pack.sha256()), "built_in": true, "native": false,
            });
            if let Origin::File(path) = pack.origin() {
                (about["built_in"], about["path"]) = (false.into(), path.to_string_lossy().into());
            }
            about
        });
        let native = host.runtime.native_packs();
        let native = native.iter().map(|pack| {
            json!({
                "name": pack.name, "version": pack.version,
                "sha256": native::hex(&pack.file.sha256), "built_in": false, "native": true,
                "path": pack.file.path.to_string_lossy(),
            })
        });
        let device = host.device();
        let info = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "abi": [AMDM_ABI_MAJOR, crate::AMDM_ABI_MINOR],
            "device": {"name": device.name(), "card": device.card()},
            "threads": device.threads(),
            "cuda": cfg!(feature = "cuda"),
            "memory_budget": host.runtime.limits().run_tensor_bytes,
            "packs": packs.chain(native).collect::<Vec<_>>(),
            "models": host.runtime.models().names("models"),
        });
        // SAFETY: as above.
        unsafe { put(out, AmdmString::new(info.to_string()), "the text") }
    })
}
