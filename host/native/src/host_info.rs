//! What a host has, as JSON: classes of nodes, facts about a model, facts about the host.

use std::ffi::c_char;

use amdm::catalogue::{Choice, Descriptor};
use amdm_runtime::Origin;
use serde_json::json;

use crate::facts::info_json;
use crate::handle::HANDLES;
use crate::hash::hex;
use crate::host::{AmdmHost, Host};
use crate::layout::{AmdmString, tell, text};
use crate::status::{AmdmStatus, outside};
use crate::{AMDM_ABI_MAJOR, AMDM_ABI_MINOR, memory};

/// Writes all classes of nodes as a JSON list of descriptors; the caller frees the text.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_node_schemas(
    host: *mut AmdmHost,
    out: *mut AmdmString,
) -> AmdmStatus {
    let schemas = || {
        let host = HANDLES.get::<Host>(host as usize)?;
        let catalogue = host.runtime().catalogue_for(host.inputs());
        let nodes = catalogue.nodes().filter(|node| node.pack != memory::PACK);
        let nodes = nodes.map(|node| {
            let mut node = Descriptor::clone(node);
            // The names that the host lists now.
            for input in node.inputs.iter_mut().filter(|input| input.choices.is_empty()) {
                let names = input.choices_from.as_ref().and_then(|kind| catalogue.choices(kind));
                let choice = |name| Choice { name, ..Default::default() };
                input.choices = names.into_iter().flatten().map(choice).collect();
            }
            node
        });
        Ok(serde_json::to_string(&nodes.collect::<Vec<_>>())?)
    };
    // SAFETY: as the function's documentation asks of the caller.
    outside(|| unsafe { tell(out, schemas) })
}

/// Writes facts about a model as a JSON object, as `AmdmModelVtable.info_json` has them: for
/// instance what it can be conditioned with (`conditioning_schema`, JSON Schema) and how large its
/// latents are. The model is loaded, if it was not. The caller frees the text.
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
    let info = || {
        // SAFETY: as the function's documentation asks of the caller.
        let name = unsafe { text(name, "name")? };
        let host = HANDLES.get::<Host>(host as usize)?;
        Ok(info_json(host.runtime().models().load(name, "")?.info()))
    };
    // SAFETY: as above.
    outside(|| unsafe { tell(out, info) })
}

/// Writes facts about the host as a JSON object: `version`, `abi`, `device`, `threads`,
/// `memory_budget`, `packs`, `models`; the caller frees the text.
///
/// Each of `packs` has `name`, `version`, `sha256` (of what was loaded), `built_in`, `native`, and
/// where it is not built in `path`. `native` is true for what `AMDM_LOAD_NATIVE` loaded: its code
/// is not isolated.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_info(host: *mut AmdmHost, out: *mut AmdmString) -> AmdmStatus {
    let info = || {
        let host = HANDLES.get::<Host>(host as usize)?;
        let packs = host.runtime().packs();
        let packs = packs.iter().map(|pack| {
            let mut about = json!({
                "name": pack.name(), "version": pack.version(),
                "sha256": hex(&pack.sha256()), "built_in": true, "native": false,
            });
            if let Origin::File(path) = pack.origin() {
                (about["built_in"], about["path"]) = (false.into(), path.to_string_lossy().into());
            }
            about
        });
        let native = host.runtime().native_packs();
        let native = native.iter().map(|pack| {
            json!({
                "name": pack.name, "version": pack.version,
                "sha256": hex(&pack.file.sha256), "built_in": false, "native": true,
                "path": pack.file.path.to_string_lossy(),
            })
        });
        let device = host.device();
        let info = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "abi": [AMDM_ABI_MAJOR, AMDM_ABI_MINOR],
            "device": {"name": device.name(), "card": device.card()},
            "threads": device.threads(),
            "cuda": cfg!(feature = "cuda"),
            "memory_budget": host.runtime().limits().run_tensor_bytes,
            "packs": packs.chain(native).collect::<Vec<_>>(),
            "models": host.runtime().models().names("models"),
        });
        Ok(info.to_string())
    };
    // SAFETY: as the function's documentation asks of the caller.
    outside(|| unsafe { tell(out, info) })
}
