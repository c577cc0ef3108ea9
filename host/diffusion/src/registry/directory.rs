//! Model directories: resolving names, what their files hold, and loading them.
//!
//! A name is a relative path below a directory. Names that lead out, by `..`, by an absolute path
//! or by a link, are denied. Pickles are never executed.

use std::collections::BTreeMap;
use std::io;
use std::io::ErrorKind::{InvalidData, UnexpectedEof};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use amdm::error::{Code, Error};

use super::{listing, recognition};
use crate::families::{Family, Place};
use crate::weights::{Header, TensorFile, WeightFile};
use crate::{Denoiser, Device, Result, error};

/// Endings of files with weights: safetensors, and zips of torch's, which are read as data.
const ENDINGS: [&str; 5] = ["safetensors", "ckpt", "pt", "pth", "bin"];

/// When a file was changed, and its bytes; none for what is no file.
pub(super) type Stamp = Option<(SystemTime, u64)>;
/// Files whose headers have been read, and what they hold: thousands may lie there, and every graph
/// that is checked asks for the list.
pub(super) type Judged = BTreeMap<PathBuf, (Stamp, Content)>;

/// What a file is good for, by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A network that this build can load.
    Network,
    /// Weights of something else, such as an adapter.
    Other,
    /// No weights: the header is broken.
    Nothing,
}

pub(super) fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// A file in the model directories.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Resolved.
    pub path: PathBuf,
    /// The model directory that it is below, resolved.
    pub root: PathBuf,
}

/// Folders of a model directory that may be left out of the names of networks: ComfyUI's.
pub(super) const NETWORK_FOLDERS: [&str; 3] = ["checkpoints", "diffusion_models", "unet"];

/// The file called `name` in the first directory that has it, or that has it in one of `folders`.
/// Both kinds of slashes part folders.
pub(super) fn find(directories: &[PathBuf], folders: &[&str], name: &str) -> Result<Option<Found>> {
    let plain = name.replace('\\', "/");
    let inside = !plain.contains('\0')
        && Path::new(&plain).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        return Err(denied(name));
    }
    for directory in directories {
        let Ok(root) = directory.canonicalize() else { continue };
        let below = folders.iter().map(|folder| root.join(folder).join(&plain));
        for path in std::iter::once(root.join(&plain)).chain(below) {
            let Ok(path) = path.canonicalize() else { continue };
            if !path.starts_with(&root) {
                return Err(denied(name));
            }
            if path.is_file() {
                return Ok(Some(Found { path, root }));
            }
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
    place: &Place<'_>,
    name: &str,
    asked: Option<&str>,
    device: &Device,
) -> Result<Arc<dyn Denoiser>> {
    let path = place.path;
    let unsupported = |reason: &str| error::unsupported(format!("model file `{name}`: {reason}"));
    let ending = extension(path);
    if !ENDINGS.contains(&ending.as_str()) {
        let expected = ENDINGS.map(|ending| format!("`.{ending}`")).join(", ");
        return Err(unsupported(&format!("found a `.{ending}`, expected one of {expected}")));
    }
    let read_error = |e: io::Error| {
        Error::new(Code::InputOutput, format!("model file `{name}` cannot be read: {e}"))
    };
    let header = match ending == ENDINGS[0] {
        true => WeightFile::header(path).map_err(read_error)?,
        // What of a pickle cannot be read is said in full.
        false => TensorFile::open(path, name)?.header().clone(),
    };
    let (family, kind) = recognition::kind(families, &header, name, asked)?;
    family.open(kind, name, place, device)
}

/// Weight files below all directories with what they hold, and the same to remember. The header of
/// a file that has not changed since `before` is not read again.
pub(super) fn files(
    families: &[Arc<dyn Family>],
    directories: &[PathBuf],
    before: &Judged,
) -> (Vec<(String, Content)>, Judged) {
    let (mut files, mut judged) = (Vec::new(), Judged::new());
    for root in directories {
        let is_wanted = |name: &str| ENDINGS.contains(&extension(Path::new(name)).as_str());
        for name in listing::files(root, is_wanted) {
            let path = root.join(&name);
            let stamp = stamp(&path);
            let known = before.get(&path).filter(|(then, _)| stamp.is_some() && *then == stamp);
            let content = match known {
                Some((_, content)) => Some(*content),
                None => content(families, WeightFile::header(&path)),
            };
            if let Some(content) = content {
                judged.insert(path, (stamp, content));
                files.push((name, content));
            }
        }
    }
    (files, judged)
}

/// What a file holds whose header was read so; none where reading failed, which may succeed later
/// though the file stays as it is.
fn content(families: &[Arc<dyn Family>], header: io::Result<Header>) -> Option<Content> {
    match header {
        Ok(header) if header.is_broken() => Some(Content::Nothing),
        Ok(header) if recognition::is_known(families, &header) => Some(Content::Network),
        Ok(_) => Some(Content::Other),
        Err(error) if matches!(error.kind(), UnexpectedEof | InvalidData) => Some(Content::Nothing),
        Err(_) => None,
    }
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Content, content};
    use crate::families::all;
    use crate::weights::Header;

    #[test]
    fn what_a_failed_reading_says_is_not_remembered() {
        let of = |header| content(&all(), header);
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::Other] {
            assert_eq!(of(Err(kind.into())), None);
        }
        for bytes in [&b"short"[..], b"\x01\0\0\0\0\0\0\0\xff", b"\x01\0\0\0\0\0\0\0{"] {
            assert_eq!(of(Header::read(bytes)), Some(Content::Nothing));
        }
        assert_eq!(of(Header::read(&b"\x02\0\0\0\0\0\0\0{}"[..])), Some(Content::Other));
    }
}
