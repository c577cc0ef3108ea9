//! Model directories: resolving names, and which of their files can be loaded.
//!
//! A name is a relative path below a directory. Names that lead out, by `..`, by an absolute path
//! or by a link, are denied. Pickles are never executed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use amdm::error::{Code, Error};

use super::{listing, recognition};
use crate::families::Family;
use crate::weights::WeightFile;
use crate::{Denoiser, Device, Result, error};

const SAFETENSORS: &str = "safetensors";

/// When a file was changed, and its bytes; none for what is no file.
pub(super) type Stamp = Option<(SystemTime, u64)>;
/// Files whose headers have been read, and whether a family takes them: thousands may lie there,
/// and every graph that is checked asks for the list.
pub(super) type Judged = BTreeMap<PathBuf, (Stamp, bool)>;

pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

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

/// Loads the file at `path` as `asked`, or as what it says that it is, or says why this build
/// cannot.
pub(super) fn load(
    families: &[Arc<dyn Family>],
    path: &Path,
    name: &str,
    asked: Option<&str>,
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
    let header = WeightFile::header(path).map_err(read_error)?;
    let (family, kind) = recognition::kind(families, &header, name, asked)?;
    let most = family.file_bytes_max();
    let weights = WeightFile::read(path, most).map_err(read_error)?;
    let weights = weights.ok_or_else(|| unsupported(&format!("larger than {most} bytes")))?;
    family.load(kind, name, &weights, device)
}

/// Files that [`load`] takes, below all directories, and the verdicts that this gave. Headers of
/// files that have not changed since `before` are not read again.
pub(super) fn names(
    families: &[Arc<dyn Family>],
    directories: &[PathBuf],
    before: &Judged,
) -> (Vec<String>, Judged) {
    let (mut names, mut judged) = (Vec::new(), Judged::new());
    for root in directories {
        let mut files = listing::files(root, |name| extension(Path::new(name)) == SAFETENSORS);
        files.retain(|name| {
            let path = root.join(name);
            let stamp = stamp(&path);
            let known = match before.get(&path) {
                Some((then, known)) if stamp.is_some() && *then == stamp => *known,
                _ => WeightFile::header(&path)
                    .is_ok_and(|header| recognition::is_known(families, &header)),
            };
            judged.insert(path, (stamp, known));
            known
        });
        names.append(&mut files);
    }
    (names, judged)
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase()
}
