//! Weight files in model directories: resolving names, and saying what a file is.
//!
//! A name is a relative path below a directory. Names that lead out, by `..`, by an absolute path
//! or by a link, are denied. Pickles are never executed.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use amdm::error::{Code, Error};

use super::{Options, listing};
use crate::families::tiny;
use crate::{Denoiser, Device, Result, error};

/// Bytes of a safetensors header that is looked at; the format's own bound is 100 MB.
const HEADER_BYTES: u64 = 16 << 20;
/// Bytes of a weight file of the tiny family: float32 weights have 2 MB.
const TINY_BYTES: u64 = 16 << 20;
const SAFETENSORS: &str = "safetensors";

/// The file called `name` in the first directory that has it.
pub(super) fn find(directories: &[PathBuf], name: &str) -> Result<Option<PathBuf>> {
    let inside = !name.contains(['\\', '\0'])
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(denied(name));
    }
    for directory in directories {
        let Ok(root) = directory.canonicalize() else { continue };
        let Ok(path) = root.join(name).canonicalize() else { continue };
        if !path.starts_with(&root) {
            return Err(denied(name));
        }
        if path.is_file() {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn denied(name: &str) -> Error {
    let message = format!("model name `{name}` leads out of the model directories");
    Error::new(Code::Denied, message)
}

/// Loads the file at `path`, or says why this build cannot.
pub(super) fn load(
    path: &Path,
    name: &str,
    options: &Options,
    device: &Device,
) -> Result<Arc<dyn Denoiser>> {
    let unsupported = |reason: &str| error::unsupported(format!("model file `{name}`: {reason}"));
    match extension(path).as_str() {
        SAFETENSORS => {}
        "ckpt" | "pt" | "pth" | "bin" => {
            return Err(unsupported("found a pickle, expected safetensors"));
        }
        other => return Err(unsupported(&format!("found a `.{other}`, expected safetensors"))),
    }
    let read_error = |e: std::io::Error| {
        Error::new(Code::InputOutput, format!("model file `{name}` cannot be read: {e}"))
    };
    let header = header(path).map_err(read_error)?;
    if !is_tiny(&header) {
        let kind = describe(&header);
        return Err(unsupported(&format!("found {kind}, expected weights of the tiny family")));
    }
    let kind = match (&options.family, family(&header)) {
        (Some(asked), Some(found)) if *asked != found => {
            let message = format!("model file `{name}` says that it is `{found}`, found `{asked}`");
            return Err(Error::invalid(message).at("family"));
        }
        (Some(family), _) => tiny::Kind::from_family(family),
        (None, Some(family)) => tiny::Kind::from_family(&family),
        (None, None) => {
            let kinds = tiny::Kind::ALL.map(tiny::Kind::name).join(", ");
            Err(Error::invalid(format!(
                "model file `{name}` does not say what it holds, expected one of {kinds}"
            )))
        }
    };
    let kind = kind.map_err(|error| error.at("family"))?;
    let mut bytes = Vec::new();
    let file = open(path).map_err(read_error)?;
    file.take(TINY_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
    if bytes.len() as u64 > TINY_BYTES {
        return Err(unsupported(&format!("larger than {TINY_BYTES} bytes")));
    }
    Ok(Arc::new(tiny::Tiny::from_safetensors(name, kind, &bytes, device)?))
}

/// Files that [`load`] takes, below all directories.
pub(super) fn names(directories: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for root in directories {
        let mut files = listing::files(root, |name| extension(Path::new(name)) == SAFETENSORS);
        files.retain(|name| header(&root.join(name)).is_ok_and(|header| is_tiny(&header)));
        names.append(&mut files);
    }
    names
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase()
}

/// A regular file: others, such as pipes, would block.
fn open(path: &Path) -> std::io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    File::open(path)
}

/// The JSON header of a safetensors file, empty where the file has none.
fn header(path: &Path) -> std::io::Result<String> {
    let mut file = open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut text = String::new();
    if length <= HEADER_BYTES {
        file.take(length).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn is_tiny(header: &str) -> bool {
    ["\"inp.weight\"", "\"d0.n1.weight\"", "\"tok.4.weight\"", "\"lay.weight\""]
        .iter()
        .all(|key| header.contains(key))
}

/// What the file's metadata say that it holds.
fn family(header: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: std::collections::HashMap<String, String>,
    }
    let mut header: Header = serde_json::from_str(header).ok()?;
    header.metadata.remove("amdm.family")
}

/// What the tensors' names say about a file that is not of the tiny family.
fn describe(header: &str) -> &'static str {
    let kinds = [
        ("\"model.diffusion_model.", "a Stable Diffusion checkpoint"),
        ("\"down_blocks.", "a diffusers network"),
        ("\"double_blocks.", "a FLUX network"),
        (".lora_down.", "a LoRA"),
        (".lora_A.", "a LoRA"),
        ("\"text_model.", "a CLIP text encoder"),
    ];
    let known = kinds.iter().find(|(key, _)| header.contains(key));
    known.map_or("weights of an unknown network", |(_, kind)| kind)
}
