//! Names that stay inside a directory.

use std::path::{Component, Path, PathBuf};

use amdm::error::{Code, Error};

/// The relative path that `name` means, with `/` between its parts.
///
/// # Errors
/// `denied` for an absolute name, one with `..` in it, or an empty one.
pub fn relative(name: &str) -> Result<PathBuf, Error> {
    let path = Path::new(name);
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.trim().is_empty() || name.contains('\0') || !path.components().all(|c| plain(&c)) {
        return Err(Error::new(
            Code::Denied,
            format!("found the name {name:?}, expected one inside the run's own directory"),
        ));
    }
    Ok(path.components().filter(|part| matches!(part, Component::Normal(_))).collect())
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
