//! Names that stay inside a directory.

use std::path::{Component, Path, PathBuf};

use amdm::error::{Code, Error};

/// The relative path that `name` means, with `/` between its parts.
///
/// # Errors
/// `denied` for an absolute name or one with `..` in it, `invalid_input` for an empty one.
pub fn relative(name: &str) -> Result<PathBuf, Error> {
    let empty = || Error::invalid(format!("found the name {name:?}, expected the name of a file"));
    if name.trim().is_empty() {
        return Err(empty());
    }
    let path = Path::new(name);
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if name.contains('\0') || !path.components().all(|c| plain(&c)) {
        return Err(Error::new(
            Code::Denied,
            format!("found the name {name:?}, expected one inside the run's own directory"),
        ));
    }
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    let relative = parts.collect::<PathBuf>();
    if relative.as_os_str().is_empty() { Err(empty()) } else { Ok(relative) }
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

/// Directories below a directory, and entries of all of them, that a listing looks at.
const LIST_DEPTH: usize = 4;
const LIST_ENTRIES: usize = 10_000;

/// Regular files below `root` whose names `wanted` accepts, relative, with `/` between the parts.
pub fn files(root: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let Ok(root) = root.canonicalize() else { return Vec::new() };
    let mut names = Vec::new();
    let mut seen = 0;
    let mut open = vec![(root.clone(), 0)];
    while let Some((folder, depth)) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            if seen > LIST_ENTRIES {
                return names;
            }
            let path = entry.path();
            // What a link leads to outside would be denied.
            let Some(real) = path.canonicalize().ok().filter(|real| real.starts_with(&root)) else {
                continue;
            };
            if real.is_dir() {
                if depth < LIST_DEPTH {
                    open.push((path, depth + 1));
                }
            } else if real.is_file()
                && let Some(name) = path.strip_prefix(&root).ok().and_then(Path::to_str)
                && wanted(name)
            {
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names
}
