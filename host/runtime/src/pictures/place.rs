//! Names that stay inside a directory.

use std::path::{Component, Path, PathBuf};

use amdm::error::{Code, Error};

/// Bytes of a file's name: most file systems take 255, of which numbers and endings take some.
const PART_BYTES: usize = 200;

/// The relative path that `name` means, with `/` between its parts.
///
/// # Errors
/// `denied` for an absolute name or one with `..` or `\\` in it, `invalid_input` for an empty one or
/// one with a part that no file system takes.
pub fn relative(name: &str) -> Result<PathBuf, Error> {
    let empty = || Error::invalid(format!("found the name {name:?}, expected the name of a file"));
    if name.trim().is_empty() {
        return Err(empty());
    }
    let path = Path::new(name);
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.contains(['\0', '\\']) || !path.components().all(|c| plain(&c)) {
        return Err(Error::new(
            Code::Denied,
            format!("found the name {name:?}, expected one inside the run's own directory"),
        ));
    }
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let relative = parts.collect::<PathBuf>();
    if relative.as_os_str().is_empty() {
        return Err(empty());
    }
    if let Some(long) = relative.iter().find(|part| part.len() > PART_BYTES) {
        let message =
            format!("found a name of {} bytes, at most {PART_BYTES} are taken", long.len());
        return Err(Error::invalid(message));
    }
    Ok(relative)
}

/// Fails where `path` leads out of `root` through a link.
///
/// # Errors
/// `denied`, or `input_output` where the path cannot be resolved.
pub fn inside(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let resolve = |path: &Path| {
        path.canonicalize().map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => Code::NotFound,
                _ => Code::InputOutput,
            };
            Error::new(code, format!("cannot open {}: {error}", path.display()))
        })
    };
    let (root, path) = (resolve(root)?, resolve(path)?);
    if path.starts_with(&root) {
        return Ok(path);
    }
    Err(Error::new(Code::Denied, format!("{} lies outside {}", path.display(), root.display())))
}
